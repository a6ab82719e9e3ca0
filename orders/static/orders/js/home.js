// The first page: files come in by picker, drop or paste, go up in the background, and become cards to choose prints on.

import { call, fill, pause, Refusal } from "./api.js";
import { Background } from "./background.js";
import { Earlier } from "./earlier.js";
import { takeIn } from "./intake.js";
import { Kept } from "./kept.js";
import { Prints } from "./prints.js";
import { Unsent } from "./unsent.js";
import { awaited, megabytes, Underway } from "./underway.js";
import { Job, Queue } from "./upload.js";

const BIG = 20 * 1024 * 1024; // bytes: worth asking whether a smaller version may be sent
const LONGEST = 6000; // pixels of a smaller version: 50 cm at 300 dpi
const BREATH = 30; // milliseconds of work at a stretch
const SHOW_EVERY = 100; // milliseconds
const IN_USE = 1500; // milliseconds after the customer's last touch in which the page is not loaded anew
const RESUMED_BY = 2000; // milliseconds until photos that did not go on by themselves are named

const root = document.querySelector("[data-home]");
const text = root.dataset;
const list = root.querySelector("[data-photos]");
const live = root.querySelector("[data-live]");
const announce = (sentence) => { live.textContent = sentence; };
const prints = new Prints(root, announce);
const sums = new Background(text.worker); // two, so that no upload waits for a picture
const pictures = new Background(text.worker);
const near = "IntersectionObserver" in window ? new IntersectionObserver(cameNear, { rootMargin: "100%" }) : null;
const queue = new Queue(`${text.api}photos/`, { failed: text.textFailed, retrying: text.textRetrying }, known);
const unsent = new Unsent(root.querySelector("[data-unsent]"));
const kept = new Kept(orderDraft);
const earlier = new Earlier(root.querySelector("[data-earlier]"), { take: resume, leave });
const underway = new Underway(root);
const jobs = new Map(); // job → its card
const owners = new Map([...list.querySelectorAll("[data-sha256]")].map((card) => [card.dataset.sha256, card])); // sha256 → who has it
const twice = []; // names of photos that came twice
let position = Math.max(0, ...[...list.querySelectorAll("[data-photo]")].map((card) => Number(card.dataset.position)));
let draftId = ""; // of the order's draft, as far as it is known
let polling = false;
let showing = 0;

// --- Files in ----------------------------------------------------------------------------------------------------

/** `resumed`: what kept.js knows of each file, where an earlier page had begun with them. */
async function add(files, resumed = []) {
  if (files.length) showOrder();
  let since = performance.now();
  for (const [at, file] of files.entries()) {
    if (performance.now() - since > BREATH) {
      await pause(0); // the page answers its customer in between
      since = performance.now();
    }
    if (list.children.length >= Number(text.maxPhotos)) {
      refuse(file.name, text.textTooMany);
    } else if (file.size === 0) {
      refuse(file.name, text.textEmpty);
    } else if (tooLarge(file) && !canShrink(file)) {
      refuse(file.name, text.textTooLarge);
    } else {
      position = Math.max(position + 1, resumed[at]?.position ?? 0);
      const job = new Job(file, resumed[at]?.position ?? position, report);
      Object.assign(job, { kept: resumed[at]?.key, decided: resumed[at]?.decided ?? false });
      jobs.set(job, place(job));
      kept.keep(job);
      if (file.size > BIG && canShrink(file) && !job.decided) askAboutSize(job);
      else queue.add(job);
    }
  }
  progress();
}

const tooLarge = (file) => file.size > Number(text.maxMb) * 1024 * 1024;
const canShrink = (file) => ["image/jpeg", "image/png", "image/webp"].includes(file.type) && "OffscreenCanvas" in window;

/** The id of the order's draft, or "" where the shop does not answer. */
async function orderDraft() {
  draftId ||= (await queue.begin().catch(() => null))?.id ?? "";
  return draftId;
}

function resume(found) {
  return add(found.map(({ file }) => file), found);
}

function offer(found) {
  if (!found.length) return;
  announce(earlier.offer(found));
  progress();
}

function leave(found) {
  kept.discard(found);
  progress();
}

/** Whether the order has these bytes already, seen by their checksum before anything is sent. */
async function known(job) {
  const sum = await sums.ask("hash", job.file).catch(() => "");
  if (!sum || job.state === "cancelled") return false;
  const owner = owners.get(sum);
  if (owner && owner !== job && (owner instanceof Job ? jobs.has(owner) && owner.state !== "refused" : owner.isConnected)) return true;
  owners.set(sum, job);
  return false;
}

// --- Big files: scaled here only if the customer agrees ---------------------------------------------------------------

const undecided = new Set();

function askAboutSize(job) {
  undecided.add(job);
  const place = root.querySelector("[data-big]");
  place.hidden = false;
  place.querySelector("[data-names]").textContent = [...undecided].map((waiting) => `${waiting.file.name} (${megabytes(waiting.file.size, text.language)})`).join(", ");
  if (undecided.size === 1) announce(place.querySelector("h2").textContent);
}

async function decided(smaller) {
  const decisions = [...undecided];
  undecided.clear();
  root.querySelector("[data-big]").hidden = true;
  for (const job of decisions) {
    if (job.state === "cancelled") continue;
    const small = smaller ? await pictures.ask("shrink", job.file, LONGEST).catch(() => null) : null;
    if (small && small.size < job.file.size) job.file = new File([small], job.file.name, { type: small.type });
    job.decided = true;
    kept.keep(job);
    if (tooLarge(job.file)) job.become("refused", text.textTooLarge);
    else queue.add(job);
  }
}

function place(job) {
  const card = root.querySelector("[data-upload-template]").content.firstElementChild.cloneNode(true);
  card.querySelector("[data-filename]").textContent = job.file.name;
  card.querySelector("progress").setAttribute("aria-label", job.file.name);
  card.querySelector("[data-cancel]").setAttribute("aria-label", fill(text.labelRemove, { name: job.file.name }));
  card.querySelector("[data-state-text]").textContent = text.textWaiting;
  card.querySelector("[data-cancel]").addEventListener("click", () => {
    job.cancel();
    undecided.delete(job);
    root.querySelector("[data-big]").hidden = undecided.size === 0;
    jobs.delete(job);
    kept.drop(job);
    card.notice?.remove();
    card.remove();
    progress();
    hideOrderIfEmpty();
  });
  card.querySelector("[data-retry]").addEventListener("click", () => {
    job.become("waiting");
    queue.add(job);
  });
  const next = job.kept && [...list.children].find((other) => Number(other.dataset.position) > job.position);
  list.insertBefore(card, next ?? null);
  if (near) near.observe(card);
  else preview(job, card);
  return card;
}

/** Names a file at the top of the page, where it is seen however many photos there are; the line. */
function refuse(name, why) {
  const line = document.createElement("li");
  line.className = "notice bad";
  const strong = document.createElement("strong");
  strong.textContent = name;
  const named = why.includes(name); // most of the server's sentences do
  line.append(...(named ? [why] : [strong, " ", why]));
  root.querySelector("[data-refused]").append(line);
  announce(named ? why : fill(text.textRefused, { name, why }));
  hideOrderIfEmpty();
  return line;
}

// --- What is going on, shown -------------------------------------------------------------------------------------

function report(job) {
  const card = jobs.get(job);
  if (!card) return;
  const states = { waiting: text.textWaiting, sending: text.textSending, retrying: navigator.onLine ? job.problem : text.textOffline };
  const percent = Math.floor((100 * job.loaded) / job.file.size);
  card.querySelector("[data-state-text]").textContent = job.state === "sending" ? `${text.textSending} · ${percent} %` : states[job.state] ?? "";
  card.querySelector("progress").value = job.loaded / job.file.size;
  const ended = job.state === "failed" || job.state === "refused";
  card.classList.toggle("is-refused", ended);
  card.querySelector("progress").hidden = ended;
  card.querySelector("[data-problem]").hidden = !ended;
  card.querySelector("[data-problem]").textContent = ended ? job.problem : "";
  card.querySelector("[data-retry]").hidden = job.state !== "failed";
  if (job.state === "failed") announce(`${job.file.name}: ${job.problem}`);
  if (job.state === "refused") card.notice = refuse(job.file.name, job.problem);
  if (["done", "duplicate", "refused"].includes(job.state)) kept.drop(job);
  if (job.state === "done") arrived(job, card);
  if (job.state === "duplicate") cameTwice(job, card);
  showing ||= setTimeout(progress, SHOW_EVERY);
}

function cameTwice(job, card) {
  card.remove();
  if (job.kept) return; // it had arrived, and only the answer was lost by the reload
  twice.push(job.file.name);
  const notice = root.querySelector("[data-twice]");
  notice.hidden = false;
  notice.querySelector("[data-names]").textContent = twice.join(", ");
  announce(`${job.file.name}: ${text.textDuplicate}`);
}

function progress() {
  clearTimeout(showing);
  showing = 0;
  const all = [...jobs.keys()];
  const outcome = underway.show(all, undecided.size);
  if (outcome) announce(outcome);
  unsent.keep([...all.filter(awaited), ...earlier.found].map(({ file }) => file));
  if (underway.active) return;
  for (const job of all) if (job.state === "done" || job.state === "duplicate") jobs.delete(job);
}

/** A small picture from the file itself; formats that the browser cannot show wait for the server's. */
async function preview(job, card) {
  if (!card.isConnected) return;
  const picture = await pictures.ask("preview", job.file).catch(() => null);
  if (!picture || job.state === "cancelled" || !card.isConnected) return;
  job.local = URL.createObjectURL(picture);
  const image = card.querySelector("[data-local]");
  image.src = job.local;
  image.hidden = false;
  card.querySelector("[data-placeholder]").hidden = true;
}

/** Only cards in sight or nearly get a picture here: a hundred large photos would keep a phone busy for nothing. */
function cameNear(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    for (const [job, card] of jobs) if (card === target) preview(job, card);
  }
}

// --- Photos that have arrived ------------------------------------------------------------------------------------

function arrived(job, uploading) {
  const photo = job.photo;
  const there = root.querySelector(`[data-photo="${CSS.escape(photo.id)}"]`);
  if (photo.duplicate_of && there) {
    cameTwice(job, uploading);
    return;
  }
  const card = prints.card(photo, job.local);
  if (photo.state === "ready") card.dataset.sharp = photo.preview_url;
  uploading.replaceWith(card);
  owners.set(photo.sha256, card);
  prints.show(card);
  prints.save();
  announce(fill(text.textAdded, { name: photo.filename }));
  if (photo.state === "broken") broken(card, photo);
  poll();
}

/** Asks for the whole draft while any photo is being looked at: one question for all of them, ever more slowly. */
async function poll() {
  if (polling) return;
  polling = true;
  for (let wait = 400; root.querySelector('[data-photo][data-state="checking"]'); wait = Math.min(wait * 1.4, 4000)) {
    await pause(wait);
    try {
      const draft = await call("GET", text.api);
      draftId = draft.id;
      let since = performance.now();
      for (const photo of draft.photos) {
        if (performance.now() - since > BREATH) {
          await pause(0);
          since = performance.now();
        }
        settle(photo);
      }
    } catch (error) {
      if (error instanceof Refusal && !error.temporary) break;
    }
  }
  polling = false;
}

function settle(photo) {
  const card = root.querySelector(`[data-photo="${CSS.escape(photo.id)}"][data-state="checking"]`);
  if (!card || photo.state === "checking") return;
  Object.assign(card.dataset, { state: photo.state, width: photo.width, height: photo.height });
  if (photo.state === "broken") return broken(card, photo);
  card.dataset.sharp = `${photo.preview_url}?ready`;
  if (!card.dataset.preview.startsWith("blob:")) card.dataset.preview = card.dataset.sharp;
  card.querySelector("[data-waiting]").hidden = true;
  prints.show(card);
}

function broken(card, photo) {
  card.classList.add("is-broken");
  card.querySelector("[data-prints]").hidden = true;
  card.querySelector("[data-add-row]").hidden = true;
  card.querySelector("[data-waiting]").hidden = true;
  card.querySelector("[data-problem]").hidden = false;
  card.querySelector("[data-problem]").textContent = photo.problem?.detail ?? "";
  card.notice = refuse(photo.filename, photo.problem?.detail ?? "");
  prints.save();
}

async function remove(card) {
  const next = card.nextElementSibling ?? card.previousElementSibling;
  try {
    await call("DELETE", `${text.api}photos/${card.dataset.photo}/`);
  } catch (error) {
    const told = error instanceof Refusal;
    if (!told || error.status !== 404) return stays(card, told ? error.message : text.textRemoveFailed);
  }
  if (card.dataset.preview.startsWith("blob:")) URL.revokeObjectURL(card.dataset.preview);
  card.notice?.remove();
  card.remove();
  twice.length = 0; // what came twice may have been this one
  root.querySelector("[data-twice]").hidden = true;
  announce(fill(text.textRemoved, { name: card.dataset.name }));
  prints.save();
  hideOrderIfEmpty();
  return (next?.querySelector("[data-remove-photo], [data-cancel]") ?? root.querySelector("#file")).focus();
}

/** A photo that could not be removed: said on its card, and aloud. */
function stays(card, problem) {
  const place = card.querySelector("[data-problem]");
  place.textContent = problem;
  place.hidden = false;
  announce(`${card.dataset.name}: ${problem}`);
}

// --- The page's two faces: nothing yet, and an order ------------------------------------------------------------

function showOrder() {
  const form = root.querySelector("[data-drop]");
  for (const part of root.querySelectorAll("[data-empty]")) part.hidden = true;
  root.querySelector("[data-order]").hidden = false;
  root.querySelector("[data-prints-form]").hidden = false;
  form.classList.add("is-compact");
  root.querySelector("[data-order] [data-drop-place]").append(form);
}

function hideOrderIfEmpty() {
  if (list.children.length) return;
  for (const part of root.querySelectorAll("[data-empty]")) part.hidden = false;
  root.querySelector("[data-order]").hidden = true;
  root.querySelector("[data-prints-form]").hidden = true;
  const form = root.querySelector("[data-drop]");
  form.classList.remove("is-compact");
  root.querySelector("[data-empty] [data-drop-place]").append(form);
}

// --- Wiring ------------------------------------------------------------------------------------------------------

takeIn(root, add, (name) => refuse(name, text.textUnreadable));
root.querySelector("[data-prints-form]").addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove-photo]");
  if (!button) return;
  event.preventDefault();
  remove(button.closest("[data-photo]"));
});
root.querySelector("[data-prints-form]").addEventListener("submit", (event) => {
  if (!underway.why) return;
  event.preventDefault();
  announce(underway.why);
  if (event.submitter?.matches("[data-next]")) root.querySelector("[data-big]:not([hidden]) [data-smaller], [data-retry]:not([hidden])")?.focus();
});
window.addEventListener("beforeunload", (event) => {
  if (underway.active) event.preventDefault();
});

root.querySelector("[data-smaller]").addEventListener("click", () => decided(true));
root.querySelector("[data-whole]").addEventListener("click", () => decided(false));
// What this page shows is old once another tab has saved something else, and would undo it with the next change.
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("prints") : null;
let touched = 0; // when the customer last did something here
let waiting = false;

async function renew({ data }) {
  if (waiting || data === prints.chosen) return;
  waiting = true;
  while (prints.busy || uploading() || performance.now() - touched < IN_USE) await pause(300);
  location.reload();
}

const uploading = () => [...jobs.keys()].some((job) => ["waiting", "sending", "retrying"].includes(job.state));
prints.onsaved = () => tabs?.postMessage(prints.chosen);
tabs?.addEventListener("message", renew);
for (const kind of ["input", "pointerdown", "keydown"]) root.addEventListener(kind, () => { touched = performance.now(); });

window.addEventListener("offline", progress);
window.addEventListener("online", progress);

poll();
const resumed = kept.resume(resume, offer).catch(() => {});
Promise.race([resumed, pause(RESUMED_BY)]).then(() => unsent.show());
