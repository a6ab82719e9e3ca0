// The last change of a print while it is not saved: said in sight, and sent off when the page is left. What does not arrive
// then is kept in the tab's own store and saved by its next page, unless something else has been saved meanwhile.

import { call } from "./api.js";

const KEY = "prints-unsaved";
const MOST = 60000; // bytes; browsers send 64 KiB for a page that has gone, and nothing where it is more

const text = (items) =>
  items.map(({ photo, product, finish, quantity, fit, crop }) => JSON.stringify([photo, product, finish, quantity, fit, crop && [crop.x, crop.y, crop.width, crop.height, crop.turn ?? 0]])).sort().join();
const photos = (items) => new Set(items.map((item) => item.photo));

export class Unsaved {
  state = ""; // "later": tried again by itself; "refused": until it is put right; "ended": on this page never
  submitted = null; // the event by which the page's own form takes everything along
  sent = ""; // what has been sent off already
  over = false; // the page is about to begin anew

  /** `items()` is what is chosen here, `pending()` whether some of it is yet to be saved. */
  constructor(form, text, items, pending) {
    Object.assign(this, { text, items, pending, url: `${text.api}items/`, base: items() });
    this.line = form.querySelector("[data-not-saved]");
    this.words = this.line.querySelector("[data-words]");
    form.addEventListener("submit", (event) => { this.submitted = event; });
    window.addEventListener("beforeunload", (event) => { if (this.#leave()) event.preventDefault(); });
    window.addEventListener("pagehide", () => this.#leave());
  }

  /** What the server holds now, by its answer. */
  saved(items) {
    this.base = items;
    this.sent = "";
    this.#keep(null);
    this.#say("", "");
  }

  later() {
    this.#say("later", this.text.textSaveFailed);
  }

  refused() {
    this.#say("refused", this.text.textSaveRefused);
  }

  /** The draft is gone: nothing of this page can be saved any more. */
  ended(sentence) {
    this.#say("ended", sentence || this.text.textSaveEnded);
  }

  /** Saves what the page before could not; whether the page begins anew with it. */
  async restore() {
    const left = this.#kept();
    this.#keep(null);
    if (!left) return false;
    const [now, known, chosen] = [this.items(), photos(left.base), photos(left.items)];
    if (text(now.filter((item) => known.has(item.photo))) !== text(left.base)) return false;
    const here = photos(now);
    const wanted = [...left.items.filter((item) => here.has(item.photo)), ...now.filter((item) => !chosen.has(item.photo))];
    if (text(wanted) === text(now)) return false;
    try {
      await call("PUT", this.url, wanted);
    } catch (error) {
      if (error.temporary !== false) this.#keep(left);
      return false;
    }
    this.over = true;
    location.reload();
    return true;
  }

  #say(state, sentence) {
    if (state === this.state && sentence === this.words.textContent) return; // said once
    this.state = state;
    this.line.hidden = !sentence;
    this.words.textContent = sentence;
    this.line.querySelector("a").hidden = state !== "ended";
    this.line.parentElement.classList.toggle("is-unsaved", Boolean(sentence));
  }

  /** Sends off what is not saved; whether that cannot be relied on, so that the customer is to be asked first. */
  #leave() {
    if (this.over || this.state === "ended") return false;
    const submitted = this.submitted && !this.submitted.defaultPrevented;
    if (!this.pending()) return this.state === "refused" && !submitted;
    const items = this.items();
    this.#keep({ base: this.base, items });
    if (submitted) return false;
    const short = JSON.stringify(items).length < MOST;
    if (this.sent !== text(items)) {
      this.sent = text(items);
      call("PUT", this.url, items, { keepalive: short }).catch(() => {});
    }
    return this.state === "later" || !navigator.onLine || !short;
  }

  #kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY));
    } catch {
      return null;
    }
  }

  #keep(left) {
    try {
      if (left) sessionStorage.setItem(KEY, JSON.stringify(left));
      else sessionStorage.removeItem(KEY);
    } catch {
      // this browser keeps nothing; then what was sent off has to do
    }
  }
}
