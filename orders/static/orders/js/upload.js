// Uploads photos: three at a time, each tried again by itself when the connection drops, until the server has refused it.

import { csrfToken, pause, Refusal } from "./api.js";

const PARALLEL = 3;
const WAITS = [1000, 2000, 4000, 8000, 15000, 30000]; // milliseconds before each further try
const STALLED_AFTER = 60000; // milliseconds without a byte moving

/** A file on its way. `onchange(job)` is called whenever state, loaded or problem has changed. */
export class Job {
  state = "waiting"; // waiting, sending, retrying, done, duplicate, refused, failed, cancelled
  loaded = 0;
  problem = "";
  photo = null;
  request = null;
  url = null; // where it goes, if not where all go
  code = ""; // of the last refusal

  constructor(file, position, onchange) {
    this.file = file;
    this.position = position; // among the photos of the order, as picked
    this.onchange = onchange;
  }

  become(state, problem = "") {
    if (this.state === "cancelled") return;
    this.state = state;
    this.problem = problem;
    this.onchange(this);
  }

  cancel() {
    this.become("cancelled");
    this.request?.abort();
  }
}

export class Queue {
  waiting = [];
  running = new Set();
  beginning = null; // resolves when there is an order to add to

  /** `url`: the photos of the visitor's order, which begins with the first of them; empty where each job has its own.
   * `known(job)` resolves to whether the order has the same bytes already. */
  constructor(url, texts, known) {
    this.url = url;
    this.texts = texts;
    this.known = known;
    // A phone that loses its network may keep a connection that is dead: better to begin anew when it is back.
    window.addEventListener("offline", () => { for (const job of this.running) job.request?.abort(); });
  }

  add(job) {
    this.waiting.push(job);
    this.#next();
  }

  async #next() {
    if (this.running.size >= PARALLEL) return;
    const job = this.waiting.shift();
    if (!job) return;
    this.running.add(job);
    try {
      await this.#run(job);
    } finally {
      this.running.delete(job);
      this.#next();
    }
  }

  async #run(job) {
    if (await this.known(job)) return job.become("duplicate");
    for (let tries = 0; job.state !== "cancelled"; tries += 1) {
      await online();
      try {
        if (job.state === "cancelled") return;
        if (!job.url) await this.begin();
        if (job.state === "cancelled") return;
        job.become("sending");
        job.photo = await send(job.url ?? this.url, job);
        return job.become("done");
      } catch (error) {
        job.loaded = 0;
        job.code = error instanceof Refusal ? error.code : "";
        if (error instanceof Refusal && !error.temporary) return job.become("refused", error.message);
        if (tries >= WAITS.length) return job.become("failed", error instanceof Refusal ? error.message : this.texts.failed);
        job.become("retrying", error instanceof Refusal ? error.message : this.texts.retrying);
        if (!navigator.onLine) tries = -1; // being offline is no failure of the upload
        const wait = error.retryAfter ?? WAITS[Math.max(tries, 0)] * (0.75 + Math.random() / 2);
        await Promise.race([pause(wait), backOnline()]);
      }
    }
  }

  /** Asks for the order once before anything goes up: the answer makes it, and a session, for who has none. What is kept
   * in the browser (kept.js) goes by its id. Resolves to its draft; rejects as `call` does. */
  async begin() {
    this.beginning ??= ask(new URL("..", new URL(this.url, location.href)));
    try {
      return await this.beginning;
    } catch (error) {
      this.beginning = null;
      throw error;
    }
  }
}

async function ask(url) {
  const signal = AbortSignal.timeout?.(STALLED_AFTER);
  const response = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" }, signal });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

const backOnline = () => new Promise((resolve) => { window.addEventListener("online", resolve, { once: true }); });
const online = () => (navigator.onLine ? Promise.resolve() : backOnline());

/** One try: the raw bytes, streamed from disk by the browser. */
function send(url, job) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    job.request = request;
    let timer = 0;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALLED_AFTER);
    };
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("X-Filename", encodeURIComponent(job.file.name));
    request.setRequestHeader("X-Position", job.position);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", job.file.type || "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      watch();
      job.loaded = event.loaded;
      job.onchange(job);
    };
    request.onload = () => {
      clearTimeout(timer);
      if (request.status === 201) return resolve(request.response);
      const refusal = new Refusal(request.status, request.response);
      const seconds = Number(request.getResponseHeader("Retry-After"));
      if (seconds > 0) refusal.retryAfter = Math.min(seconds, 120) * 1000;
      return reject(refusal);
    };
    request.onerror = request.onabort = () => {
      clearTimeout(timer);
      reject(new TypeError("no answer"));
    };
    watch();
    request.send(job.file);
  });
}
