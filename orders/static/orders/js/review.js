// The review while photos are still being looked at: asks ever more slowly, and then shows the page as it is now. Whether the
// terms are accepted stays as the customer has it.

import { call, pause } from "./api.js";

const TRIES = 60; // about ten minutes; who is still there then loads the page again
const SLOWEST = 10000; // milliseconds

const said = document.querySelector("[data-looked-at]");
const waiting = async () => (await call("GET", said.dataset.lookedAt)).photos.some((photo) => photo.state === "checking");

async function renew() {
  const answer = await fetch(location.href, { credentials: "same-origin" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".columns");
  const old = document.querySelector(".columns");
  if (!fresh || !fresh.querySelector("[name=accept_terms]")) return location.reload();
  const focused = old.contains(document.activeElement) && document.activeElement.name;
  for (const name of ["accept_terms", "code"]) {
    const [before, now] = [old, fresh].map((place) => place.querySelector(`[name="${name}"]`));
    if (before && now) Object.assign(now, { checked: before.checked, value: before.value });
  }
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(`[name="${focused}"]`)?.focus();
  said.textContent = said.dataset.textDone;
}

for (let tries = 0, wait = 1000, done = false; tries < TRIES && !done; tries += 1, wait = Math.min(wait * 1.4, SLOWEST)) {
  await pause(wait);
  done = await waiting().then((still) => (still ? false : renew().then(() => true))).catch(() => false);
}
