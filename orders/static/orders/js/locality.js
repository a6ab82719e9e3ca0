// The delivery form proposes the town of a postal code, where none has been typed. What was typed is never changed.

import { csrfToken } from "./api.js";

const CODE = /^\s*(\d{4})\s*[-–— ]?\s*(\d{3})\s*$/;

const form = document.querySelector("[data-locality]");
const code = form.querySelector("#id_postal_code");
const city = form.querySelector("#id_city");
const said = document.createElement("span");
said.className = "hint";
said.setAttribute("role", "status");
city.parentElement.append(said);

let proposed = ""; // what the field holds by us; the customer's first key makes it theirs
let asked = "";

const free = () => city.value.trim() === "" || city.value === proposed;

async function propose() {
  const digits = CODE.exec(code.value)?.slice(1).join("-") ?? "";
  if (digits === asked || !digits || !free()) return;
  asked = digits;
  const body = new URLSearchParams({ postal_code: digits });
  const answer = await fetch(form.dataset.locality, { method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": csrfToken() }, body })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  if (!answer) asked = ""; // no network, or too many questions: the next key asks again
  if (!answer?.city || digits !== asked || !free()) return;
  city.value = proposed = answer.city;
  if (document.activeElement === city) city.select(); // whoever is about to type there replaces it
  said.textContent = form.dataset.textLocality;
}

code.addEventListener("input", propose);
city.addEventListener("input", () => {
  proposed = "";
  said.textContent = "";
});
