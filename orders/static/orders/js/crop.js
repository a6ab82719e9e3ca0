// The crop editor: the photo lies under a paper of the product's sides and is dragged, zoomed and turned, or the paper is.

import { cropBox, cutAt, fractions, lying, place, placePhoto, quarterTurned, turned, turnOf, withTurn } from "./sheet.js";
import { fill } from "./api.js";

const MOST = 5; // times larger than the largest cut
const STEP = 1.1; // a press of plus or minus, a notch of the wheel
const MARGIN = 0.09; // of the cut, shown around it
const SAY_AFTER = 600; // milliseconds without a further change

export class Cropper {
  pointers = new Map();
  timer = 0;

  constructor(dialog) {
    this.dialog = dialog;
    this.text = dialog.dataset;
    this.stage = dialog.querySelector("[data-stage]");
    this.svg = this.stage.querySelector("svg");
    this.slider = dialog.querySelector("[data-zoom]");
    this.slider.max = MOST * 100;
    this.slider.addEventListener("input", () => this.#zoomTo(this.slider.value / 100));
    this.stage.addEventListener("pointerdown", (event) => this.#pressed(event));
    this.stage.addEventListener("pointermove", (event) => this.#moved(event));
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) this.stage.addEventListener(kind, (event) => this.pointers.delete(event.pointerId));
    this.stage.addEventListener("wheel", (event) => this.#wheeled(event), { passive: false });
    this.stage.addEventListener("keydown", (event) => this.#key(event));
    dialog.addEventListener("click", (event) => this.#clicked(event.target.closest("button")));
    dialog.addEventListener("close", () => this.#closed());
  }

  /** Opens on one print: `{width, height, product, crop, href, name, size}`. `verdict(crop)` gives its quality; `done(crop)` takes what was chosen. */
  open(what, verdict, done) {
    Object.assign(this, { what, verdict, done, before: what.crop, saysTurn: false });
    this.dialog.returnValue = "";
    this.dialog.querySelector("[data-name]").textContent = fill(this.text.textOn, { name: what.name, size: what.size });
    this.dialog.querySelector("[data-turn]").hidden = what.product.width_mm === what.product.height_mm;
    this.svg.children[0].setAttribute("href", what.href);
    this.#take(what.crop);
    this.dialog.showModal();
    this.stage.focus();
  }

  /** Shows the picture of `href`, which has more pixels, once it has arrived. */
  sharpen(what, href) {
    const picture = new Image();
    picture.onload = () => { if (this.what === what) this.svg.children[0].setAttribute("href", href); };
    picture.src = href;
  }

  get #most() {
    const { width, height } = this;
    return cutAt(width, height, this.paper, 1, width / 2, height / 2);
  }

  get #zoom() {
    return this.#most.width / this.box.width;
  }

  /** Begins from a crop: the photo lies as it says, the paper over what it cuts. */
  #take(crop) {
    const { product } = this.what;
    this.what.crop = crop;
    this.changed = false;
    this.turn = turnOf(crop);
    [this.width, this.height] = lying(this.what.width, this.what.height, crop);
    this.box = cropBox(this.width, this.height, product, crop);
    this.paper = turned(this.box.width, this.box.height, product.width_mm, product.height_mm);
    placePhoto(this.svg.children[0], { x: 0, y: 0, width: this.width, height: this.height }, this.turn);
    this.#draw();
  }

  /** Another cut about a middle; `changed` is set, and the quality said when the hand rests. */
  #cut(zoom, x, y) {
    this.box = cutAt(this.width, this.height, this.paper, Math.min(Math.max(zoom, 1), MOST), x, y);
    this.changed = true;
    this.#draw();
    this.#saySoon();
  }

  #saySoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#say(), SAY_AFTER);
  }

  #zoomTo(zoom, about = { x: this.box.x + this.box.width / 2, y: this.box.y + this.box.height / 2 }) {
    const kept = Math.min(Math.max(zoom, 1), MOST);
    const shrunk = this.#zoom / kept;
    const [x, y] = [about.x - (about.x - this.box.x) * shrunk, about.y - (about.y - this.box.y) * shrunk];
    this.#cut(kept, x + (this.box.width * shrunk) / 2, y + (this.box.height * shrunk) / 2);
  }

  #moveBy(x, y) {
    this.#cut(this.#zoom, this.box.x + this.box.width / 2 + x, this.box.y + this.box.height / 2 + y);
  }

  #turnPaper() {
    this.paper = [this.paper[1], this.paper[0]];
    this.#cut(1, this.box.x + this.box.width / 2, this.box.y + this.box.height / 2);
  }

  /** The photo a quarter further, clockwise, and the paper with it; what is cut stays. */
  #turnPhoto() {
    this.#take(quarterTurned(this.#chosen));
    this.saysTurn = true;
    this.#saySoon();
  }

  #reset() {
    this.#take(null);
    this.#say();
  }

  get #chosen() {
    return this.changed ? withTurn(this.turn, fractions(this.box, this.width, this.height)) : this.what.crop;
  }

  #draw() {
    const [, cut, edge] = this.svg.children;
    const { x, y, width, height } = this.box;
    const margin = Math.max(width, height) * MARGIN;
    this.svg.setAttribute("viewBox", `${x - margin} ${y - margin} ${width + 2 * margin} ${height + 2 * margin}`);
    const far = Math.max(this.width, this.height);
    cut.setAttribute("d", `M${-far} ${-far}H${3 * far}V${3 * far}H${-far}ZM${x} ${y}H${x + width}V${y + height}H${x}Z`);
    place(edge, this.box);
    const zoom = Math.round(this.#zoom * 100);
    this.slider.value = zoom;
    this.slider.setAttribute("aria-valuetext", `${zoom} %`);
    const found = this.verdict(this.#chosen);
    const light = this.dialog.querySelector(".quality");
    light.dataset.quality = found.quality;
    light.querySelector("[data-quality-text]").textContent = found.word;
    light.querySelector("[data-dpi]").textContent = `${found.dpi} dpi`;
    this.dialog.querySelector("[data-advice]").textContent = found.why;
  }

  #say() {
    const found = this.verdict(this.#chosen);
    const said = fill(this.text.textSaid, { zoom: Math.round(this.#zoom * 100), word: found.word, dpi: found.dpi });
    this.dialog.querySelector("[data-said]").textContent = this.saysTurn ? `${fill(this.text.textTurned, { turn: this.turn })} ${said}` : said;
    this.saysTurn = false;
  }

  // --- Hands -----------------------------------------------------------------------------------------------------

  /** A place on the screen as a place on the photo. */
  #onPhoto(x, y) {
    return new DOMPoint(x, y).matrixTransform(this.svg.getScreenCTM().inverse());
  }

  #pressed(event) {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  #moved(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const before = this.#grip();
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const now = this.#grip();
    const [from, to] = [this.#onPhoto(before.x, before.y), this.#onPhoto(now.x, now.y)];
    if (before.apart && now.apart) this.#zoomTo(this.#zoom * (now.apart / before.apart), from);
    this.#moveBy(from.x - to.x, from.y - to.y);
  }

  /** The middle of the fingers, and how far apart two of them are. */
  #grip() {
    const [one, two] = [...this.pointers.values()];
    return two ? { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, apart: Math.hypot(one.x - two.x, one.y - two.y) } : { ...one, apart: 0 };
  }

  #wheeled(event) {
    event.preventDefault();
    const notches = event.deltaMode ? -event.deltaY / 3 : -event.deltaY / 100;
    this.#zoomTo(this.#zoom * STEP ** Math.min(Math.max(notches, -4), 4), this.#onPhoto(event.clientX, event.clientY));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 0.1 : 0.02;
    const [across, down] = [this.box.width * far, this.box.height * far];
    const keys = {
      ArrowLeft: () => this.#moveBy(-across, 0),
      ArrowRight: () => this.#moveBy(across, 0),
      ArrowUp: () => this.#moveBy(0, -down),
      ArrowDown: () => this.#moveBy(0, down),
      "+": () => this.#zoomTo(this.#zoom * STEP),
      "=": () => this.#zoomTo(this.#zoom * STEP),
      "-": () => this.#zoomTo(this.#zoom / STEP),
      r: () => this.#turnPaper(),
      t: () => this.#turnPhoto(),
      0: () => this.#reset(),
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  }

  #clicked(button) {
    if (!button) return;
    if (button.matches("[data-in]")) this.#zoomTo(this.#zoom * STEP);
    else if (button.matches("[data-out]")) this.#zoomTo(this.#zoom / STEP);
    else if (button.matches("[data-turn]")) this.#turnPaper();
    else if (button.matches("[data-turn-photo]")) this.#turnPhoto();
    else if (button.matches("[data-reset]")) this.#reset();
  }

  #closed() {
    clearTimeout(this.timer);
    this.pointers.clear();
    const chosen = this.#chosen;
    if (this.dialog.returnValue === "done" && chosen !== this.before) this.done(chosen);
  }
}
