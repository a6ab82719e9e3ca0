// Keeps photos that wait to go up in the browser's own database, so that after a reload they go on by themselves.
//
// Nothing waits for it: where the browser keeps nothing, or has no room, unsent.js names what is lacking. A photo belongs
// to the page that took it, which holds a lock while it lives; the next page takes over when that lock is free. It is for
// the order that it was chosen for: one that was left over from another goes up only if its customer says so.

import { pause } from "./api.js";

const NAME = "photos-waiting";
const KEPT_FOR = 24 * 60 * 60 * 1000; // milliseconds: as long as the order's draft
const ANSWERED_IN = 2000; // milliseconds for which a photo is not put away, because its order is yet unknown
const ASK_AGAIN = 2000; // milliseconds
const SHARE = 0.5; // of the room that the browser has left
const ENDED = new Set(["done", "duplicate", "refused", "cancelled"]);

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = request.onblocked = () => reject(request.error);
});

export class Kept {
  me = `${Date.now()} ${Math.random()}`;
  keys = new Map(); // job → its key in the database
  writing = Promise.resolve();
  held = false;
  letGo = null; // frees the lock

  /** `draft()` resolves to the id of the order's draft, or to nothing where that cannot be known now. */
  constructor(draft) {
    this.draft = draft;
  }

  /** Puts the job's file away, after those before it; not if it has gone up by then. */
  keep(job) {
    this.writing = this.writing.then(() => this.#write(job)).catch(() => {});
  }

  /** The job has ended, or is shown no more. */
  drop(job) {
    this.writing = this.writing.then(() => this.#forget(job)).catch(() => {});
  }

  /** These, which `resume` handed on, are not wanted. */
  discard(found) {
    for (const { key } of found) this.drop({ kept: key });
  }

  /** Hands `take(files)` what earlier pages left of this order, in their order: `[{file, position, decided, key}]`; and
   * `offer(files)` what was left of another. */
  async resume(take, offer) {
    const records = await this.#call("readonly", (store) => store.getAll()).catch(() => []);
    const fresh = records.filter((record) => Date.now() - record.at < KEPT_FOR);
    for (const { key } of records.filter((record) => !fresh.includes(record))) await this.#delete(key);
    const owners = [...new Set(fresh.map((record) => record.owner))].filter((owner) => owner !== this.me);
    await Promise.all(owners.map((owner) => this.#after(owner, () => this.#adopt(owner, take, offer)).catch(() => {})));
  }

  async #adopt(owner, take, offer) {
    let draft = await this.draft();
    for (; !draft; draft = await this.draft()) await pause(ASK_AGAIN);
    const records = (await this.#call("readonly", (store) => store.getAll())).filter((record) => record.owner === owner);
    const found = [];
    for (const record of records.sort((one, other) => one.position - other.position)) {
      // A browser may have kept the name of a file that it can no longer read: then that is all there is.
      if (!(await record.file.slice(0, 1).arrayBuffer().catch(() => null))) {
        await this.#delete(record.key);
        continue;
      }
      await this.#call("readwrite", (store) => store.put({ ...record, owner: this.me }));
      const file = record.file instanceof File ? record.file : new File([record.file], record.name, { type: record.type });
      found.push({ ...record, file });
    }
    if (found.length) this.#hold();
    const ours = ({ draft: wanted }) => !wanted || wanted === draft;
    take(found.filter(ours));
    offer(found.filter((each) => !ours(each)));
  }

  /** Whoever lives holds the lock of that name; browsers without locks are taken to have one page open. */
  #after(owner, work) {
    return navigator.locks ? navigator.locks.request(`${NAME} ${owner}`, work) : work();
  }

  #hold() {
    if (this.held || !navigator.locks) return;
    this.held = true;
    navigator.locks.request(`${NAME} ${this.me}`, () => new Promise((resolve) => { this.letGo = resolve; })).catch(() => {});
  }

  async #write(job) {
    if (ENDED.has(job.state) || !(await this.#room(job.file.size))) return;
    this.#hold();
    const key = this.keys.get(job) ?? job.kept ?? `${this.me} ${job.position}`;
    const draft = await Promise.race([this.draft(), pause(ANSWERED_IN)]);
    const { file, position, decided } = job;
    await this.#call("readwrite", (store) => store.put({ key, owner: this.me, draft, at: Date.now(), position, decided, file, name: file.name, type: file.type }));
    this.keys.set(job, key);
    if (ENDED.has(job.state)) await this.#forget(job);
  }

  async #forget(job) {
    const key = this.keys.get(job) ?? job.kept;
    this.keys.delete(job);
    if (key) await this.#delete(key);
    if (this.keys.size || !this.letGo) return;
    this.letGo(); // a page that waits for nothing can be left and come back to at once
    this.letGo = null;
    this.held = false;
  }

  async #room(bytes) {
    const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    return bytes < (quota - usage) * SHARE;
  }

  #delete(key) {
    return this.#call("readwrite", (store) => store.delete(key));
  }

  /** One transaction; resolves when it is done. Rejects where there is no database. */
  async #call(mode, work) {
    this.opened ??= this.#open();
    const transaction = (await this.opened).transaction("files", mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    const [answer] = await Promise.all([settled(work(transaction.objectStore("files"))), done]);
    return answer;
  }

  #open() {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("files", { keyPath: "key" });
    return settled(request);
  }
}
