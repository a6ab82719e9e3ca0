// How the uploads go, shown: all of them together, how fast, and why "Continue" waits.

import { fill } from "./api.js";

const SPEED_OVER = 8000; // milliseconds that the speed is measured over
const SPEED_FROM = 1500; // milliseconds before which it says little
const GIVEN_UP = new Set(["refused", "failed", "cancelled", "duplicate"]);

/** Whether the photo is yet to arrive, by itself or when its customer has it tried again. */
export const awaited = (job) => job.state === "failed" || !(GIVEN_UP.has(job.state) || job.state === "done");

export const megabytes = (bytes, language) => `${(bytes / 1e6).toLocaleString(language, { maximumFractionDigits: 1 })} MB`;

export class Underway {
  active = false; // whether any photo is on its way or waits for that
  why = ""; // why "Continue" waits; empty while it does not
  measured = []; // [time, bytes sent by then]

  constructor(root) {
    this.text = root.dataset;
    this.place = root.querySelector("[data-upload-status]");
    this.bar = root.querySelector("[data-total-bar]");
  }

  /** Shows these jobs, of which `undecided` wait for an answer to the question about large photos; a job that is done, once.
   * What there is to say when the last one has ended, else nothing. */
  show(jobs, undecided) {
    const all = jobs.filter((job) => !GIVEN_UP.has(job.state));
    const done = all.filter((job) => job.state === "done").length;
    const wasActive = this.active;
    this.active = done < all.length;
    this.place.hidden = !this.active;
    this.#hold(undecided, jobs.filter((job) => job.state === "failed").length);
    if (this.active) this.#draw(all, done);
    else this.measured = [];
    if (this.active || !(wasActive || done)) return ""; // a quick one may have ended before it was seen here
    if (this.why || !done) return this.why;
    return jobs.some((job) => job.state === "refused") ? "" : this.text.textAllDone;
  }

  #reason(undecided, failed) {
    if (undecided) return this.text.textUndecided;
    if (failed) return failed === 1 ? this.text.textOneFailed : fill(this.text.textSomeFailed, { n: failed });
    return this.active ? this.text.textLeave : "";
  }

  #hold(undecided, failed) {
    this.why = this.#reason(undecided, failed);
    const [next, line] = [this.bar.querySelector("[data-next]"), this.bar.querySelector("[data-why]")];
    if (this.why) next.setAttribute("aria-disabled", "true");
    else next.removeAttribute("aria-disabled");
    line.textContent = this.why;
    line.hidden = !this.why;
  }

  #draw(all, done) {
    const total = all.reduce((sum, job) => sum + job.file.size, 0);
    const sent = all.reduce((sum, job) => sum + (job.state === "done" ? job.file.size : job.loaded), 0);
    this.place.querySelector("[data-upload-progress]").value = sent / total;
    this.place.querySelector("[data-upload-line]").textContent = navigator.onLine ? fill(this.text.textProgress, { done, all: all.length }) : this.text.textOffline;
    this.place.querySelector("[data-upload-left]").textContent = this.#pace(sent, total);
  }

  /** "2,3 MB/s · about 40 s left", by the last seconds; nothing until there is enough to go by. */
  #pace(sent, total) {
    const now = performance.now();
    const { measured } = this;
    if (measured.length && sent < measured[measured.length - 1][1]) measured.length = 0; // a try began anew
    measured.push([now, sent]);
    while (measured.length > 2 && now - measured[0][0] > SPEED_OVER) measured.shift();
    const [since, before] = measured[0];
    if (!navigator.onLine || now - since < SPEED_FROM || sent === before) return "";
    const speed = ((sent - before) * 1000) / (now - since);
    return `${megabytes(speed, this.text.language)}/s · ${fill(this.text.textLeft, { time: this.#span((total - sent) / speed) })}`;
  }

  #span(seconds) {
    return seconds < 90 ? fill(this.text.textSeconds, { n: Math.ceil(seconds) }) : fill(this.text.textMinutes, { n: Math.ceil(seconds / 60) });
  }
}
