// Photos that were left over from an earlier order (kept.js): they join this one only if their customer says so.

export class Earlier {
  found = []; // as kept.js hands them on

  /** `take(found)` adds them to this order, `leave(found)` forgets them. */
  constructor(place, { take, leave }) {
    this.place = place;
    place.querySelector("[data-take]").addEventListener("click", () => take(this.#decided()));
    place.querySelector("[data-leave]").addEventListener("click", () => leave(this.#decided()));
  }

  /** Shows them; what there is to announce. */
  offer(found) {
    this.found.push(...found);
    this.place.hidden = this.found.length === 0;
    this.place.querySelector("[data-names]").textContent = this.found.map(({ file }) => file.name).join(", ");
    return this.place.querySelector("h2").textContent;
  }

  #decided() {
    this.place.hidden = true;
    return this.found.splice(0);
  }
}
