// The order page: photos that the shop asked for again go up in one go, each with its progress, tried again by themselves.
// Without this file each photo's own form does the same, one at a time. The page's news replaces the list, so that every
// element is looked for when it is needed.

import { fill } from "./api.js";
import { Job, Queue } from "./upload.js";

const STILL = ["waiting", "sending", "retrying"];
const SHOWN_FOR = 1200; // milliseconds that "all have arrived" is read before the page begins anew

const jobs = new Map(); // photo's number → its newest job
let queue = null;

const section = () => document.querySelector("[data-again]");
const forms = () => [...document.querySelectorAll("[data-again-form]")];
const form = (seq) => document.querySelector(`[data-again-form="${seq}"]`);
const wanted = () => forms().filter((each) => !["done", ...STILL].includes(jobs.get(each.dataset.againForm)?.state));
const busy = () => [...jobs.values()].some((job) => STILL.includes(job.state));
const plain = (name) => name.normalize("NFC").trim().toLowerCase();

function announce(sentence) {
  document.querySelector("[data-again-said]").textContent = sentence;
}

/** Sends the file as the photo of the form. */
function send(target, file) {
  const text = section().dataset;
  if (file.size === 0 || file.size > Number(text.maxMb) * 1024 * 1024) return show(target, file.size ? text.textTooLarge : text.textEmpty, true);
  queue ??= new Queue("", { failed: text.textFailed, retrying: text.textRetrying }, async () => false);
  const job = new Job(file, 0, report);
  job.seq = target.dataset.againForm;
  job.url = target.dataset.url;
  jobs.set(job.seq, job);
  report(job);
  queue.add(job);
}

/** Files picked together: each goes to the photo of its name, a single one to the only photo; the others are named, and
 * go nowhere: a wrong guess would be printed. */
function match(files) {
  const open = wanted();
  if (open.length === 1 && files.length === 1) return send(open[0], files[0]);
  const left = [];
  for (const file of files) {
    const at = open.findIndex((each) => plain(each.dataset.name) === plain(file.name));
    if (at >= 0) send(open.splice(at, 1)[0], file);
    else left.push(file);
  }
  const notice = document.querySelector("[data-again-left]");
  notice.hidden = left.length === 0;
  notice.textContent = left.length ? fill(section().dataset.textLeft, { names: left.map((file) => file.name).join(", ") }) : "";
  if (left.length) announce(notice.textContent);
}

function report(job) {
  const target = form(job.seq);
  if (!target) return;
  const text = section().dataset;
  if (job.state === "retrying") job.retried = true;
  // The answer to an earlier try was lost on its way: the photo is no longer asked for, because it is there.
  if (job.state === "refused" && job.retried && job.code === "invalid_transition") return job.become("done");
  const percent = Math.floor((100 * job.loaded) / job.file.size);
  const said = { waiting: text.textWaiting, sending: `${text.textSending} · ${percent} %`, retrying: navigator.onLine ? job.problem : text.textOffline, done: text.textDone };
  const ended = job.state === "refused" || job.state === "failed";
  show(target, ended ? job.problem : `${job.file.name}: ${said[job.state]}`, ended);
  const bar = target.querySelector("progress");
  bar.hidden = ended || job.state === "done";
  bar.value = job.loaded / job.file.size;
  for (const part of target.querySelectorAll("[data-again-ask]")) part.hidden = !ended;
  if (ended || job.state === "done") settled(job);
}

function show(target, sentence, bad) {
  const line = target.querySelector("[data-again-state]");
  line.hidden = false;
  line.textContent = sentence;
  line.classList.toggle("error", bad);
  if (bad) announce(sentence);
}

/** One has ended; when all have and none is wanting, or nothing runs any more, the page begins anew with what is true. */
function settled(job) {
  const text = section().dataset;
  if (job.state === "done") announce(fill(text.textArrived, { seq: job.seq }));
  if (busy() || wanted().some((each) => jobs.has(each.dataset.againForm) || each.querySelector("input[type=file]").files.length)) return;
  setTimeout(() => { if (!busy()) location.reload(); }, SHOWN_FOR);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-again-all]")) {
    match([...event.target.files]);
    event.target.value = "";
  }
});

document.addEventListener("submit", (event) => {
  const target = event.target.closest("[data-again-form]");
  const file = target?.querySelector("input[type=file]").files[0];
  if (!file) return;
  event.preventDefault();
  event.stopImmediatePropagation(); // page.js would wait for the answer to a form that is not sent
  send(target, file);
}, { capture: true });

// While photos are on their way the page's news must not take their progress away.
document.addEventListener("htmx:beforeRequest", (event) => { if (busy()) event.preventDefault(); });
window.addEventListener("beforeunload", (event) => { if (busy()) event.preventDefault(); });
