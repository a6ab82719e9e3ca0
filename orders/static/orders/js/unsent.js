// Remembers, over a reload, the names of photos that were not uploaded yet, for browsers that keep no files (kept.js).

const KEY = "photos-not-uploaded";
const named = (file) => `${file.size} ${file.name}`;

export class Unsent {
  constructor(place) {
    this.place = place;
    this.before = this.#read();
    this.now = [];
    place.querySelector("[data-forget]").addEventListener("click", () => this.#forget());
  }

  /** From now on the names of photos that were not given again are shown. */
  show() {
    this.shown = true;
    this.#show();
  }

  /** What is on its way; a photo named before that is given again is named no more. */
  keep(files) {
    this.now = files.map(named);
    const given = new Set(this.now);
    const left = this.before.filter((name) => !given.has(name));
    if (left.length !== this.before.length) {
      this.before = left;
      this.#show();
    }
    this.#write();
  }

  #show() {
    this.place.hidden = !this.shown || this.before.length === 0;
    this.place.querySelector("[data-names]").textContent = this.before.map((name) => name.slice(name.indexOf(" ") + 1)).join(", ");
  }

  #forget() {
    this.before = [];
    this.#show();
    this.#write();
  }

  #read() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    } catch {
      return [];
    }
  }

  #write() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify([...this.before, ...this.now]));
    } catch {
      // a browser that keeps nothing: then nothing is named
    }
  }
}
