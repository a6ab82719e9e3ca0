// Choosing prints: every change is drawn at once and saved a moment later; the server's answer has the prices.

import { call, fill, pause, Refusal } from "./api.js";
import { Cropper } from "./crop.js";
import { cropBox, cuts, dpi, draw, lying, printed, quarterTurned, refitted, turnOf, withTurn } from "./sheet.js";
import { Unsaved } from "./unsaved.js";

const SAVE_AFTER = 350; // milliseconds without a further change
const GOOD = 200;
const MUCH = 0.15; // of a photo cut off is worth a word, as in orders/advice.py
const FAIR = 120; // dots per inch, as in orders/quality.py

const online = () => new Promise((resolve) => window.addEventListener("online", resolve, { once: true }));

export class Prints {
  dirty = false;
  saving = false;
  timer = 0;
  suffixes = 0;
  told = ""; // what to say once everything is saved
  onsaved = () => {};

  constructor(root, announce) {
    this.root = root;
    this.text = root.dataset;
    this.announce = announce;
    this.products = new Map(JSON.parse(root.dataset.products).map((product) => [product.code, product]));
    this.form = root.querySelector("[data-prints-form]");
    this.list = root.querySelector("[data-photos]");
    this.money = new Intl.NumberFormat(this.text.language, { style: "currency", currency: "EUR" });
    this.cropper = new Cropper(root.querySelector("[data-cropper]"));
    this.template = root.querySelector("[data-card-template]").content;
    this.form.addEventListener("input", (event) => this.#changed(event.target));
    this.form.addEventListener("click", (event) => this.#clicked(event));
    for (const row of this.list.querySelectorAll("[data-print]")) {
      this.#offerFinishes(row);
      row.dataset.size = this.#product(row)?.code ?? "";
    }
    this.unsaved = new Unsaved(this.form, this.text, () => this.#items, () => this.dirty || this.saving);
    this.unsaved.restore().then((anew) => { if (!anew && this.list.querySelector("[data-unsaved]")) this.save(); });
  }

  get cards() {
    return [...this.list.querySelectorAll("[data-photo]")];
  }

  get #rows() {
    return [...this.list.querySelectorAll('[data-photo]:not([data-state="broken"]) [data-print]')];
  }

  get #items() {
    return this.#rows.map((row) => this.#item(row));
  }

  /** What is chosen here, as text that two pages can compare. */
  get chosen() {
    return this.#items.map((item) => JSON.stringify(item)).sort().join();
  }

  /** Whether something is yet to be saved, or a cut is being chosen. */
  get busy() {
    return this.dirty || this.saving || this.unsaved.state === "refused" || this.cropper.dialog.open;
  }

  /** A card for a photo that has just arrived, with one print of it; `local` is a picture to show meanwhile: the server's is
   * asked for when it is there (settle in home.js). */
  card(photo, local) {
    const card = this.template.firstElementChild.cloneNode(true);
    card.id = `photo-${photo.id}`;
    Object.assign(card.dataset, { photo: photo.id, state: photo.state, width: photo.width, height: photo.height, preview: local || (photo.state === "ready" ? photo.preview_url : ""), name: photo.filename, bytes: photo.bytes, sha256: photo.sha256 });
    Object.assign(card.querySelector("[data-filename]"), { textContent: photo.filename, title: photo.filename, id: `name-${photo.id}` });
    const another = card.querySelector("[data-add-row]");
    another.id = `add-${photo.id}`;
    another.setAttribute("aria-labelledby", `add-${photo.id} name-${photo.id}`);
    const picture = card.querySelector("svg.sheet");
    picture.removeAttribute("aria-hidden");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", fill(this.text.labelPicture, { name: photo.filename }));
    for (const button of card.querySelectorAll("[data-remove-photo], [data-add-row]")) button.value = photo.id;
    card.querySelector("[data-remove-photo]").setAttribute("aria-label", fill(this.text.labelRemove, { name: photo.filename }));
    const row = card.querySelector("[data-print]");
    this.#prepare(row, { photo: photo.id, name: photo.filename }, { ...this.#choices(row), ...this.#forAll() });
    card.querySelector("[data-waiting]").hidden = Boolean(local) || photo.state !== "checking";
    return card;
  }

  /** Draws a card that is in the page; with the second photo the choices for all of them open, where there is room. */
  show(card) {
    if (!this.opened && this.cards.length > 1) {
      this.opened = true;
      if (window.matchMedia("(min-width: 58rem)").matches) this.form.querySelector("[data-for-all]").open = true;
    }
    for (const row of card.querySelectorAll("[data-print]")) this.#draw(card, row);
  }

  save() {
    this.dirty = true;
    this.unsaved.submitted = null;
    this.form.querySelector("[data-total-bar]").classList.add("is-stale");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#send(), SAVE_AFTER);
  }

  /** Shows what the server made of it: totals always, prices and quality row by row when they are of these rows. */
  settle(draft, rows) {
    const bar = this.form.querySelector("[data-total-bar]");
    for (const [name, words] of Object.entries(draft.running_total)) {
      const place = bar.querySelector(`[data-${name}]`);
      if (place) place.textContent = words;
    }
    bar.classList.remove("is-stale");
    rows?.forEach((row, at) => {
      const item = draft.items[at];
      if (!item || item.photo !== this.#field(row, "photo").value) return;
      delete row.dataset.unsaved;
      row.querySelector("[data-unit]").textContent = item.quantity > 1 ? `${item.quantity} × ${this.money.format(item.unit_cents / 100)}` : "";
      row.querySelector("[data-line]").textContent = this.money.format(item.line_cents / 100);
    });
  }

  async #send() {
    if (this.saving) return;
    this.saving = true;
    for (let wait = 1000; this.dirty; ) {
      this.dirty = false;
      const rows = this.#rows;
      try {
        const draft = await call("PUT", `${this.text.api}items/`, rows.map((row) => this.#item(row)));
        for (const row of rows) this.#errors(row, []);
        this.unsaved.saved(draft.items);
        this.onsaved();
        if (!this.dirty) {
          this.settle(draft, rows);
          if (this.told) this.announce(this.told);
          this.told = "";
        }
        wait = 1000;
      } catch (error) {
        if (error instanceof Refusal && !error.temporary && error.code !== "draft_busy") {
          this.#refused(error, rows);
        } else {
          this.unsaved.later();
          await Promise.race([pause(wait), online()]);
          wait = Math.min(wait * 2, 30000);
          this.dirty = true;
        }
      }
    }
    this.saving = false;
  }

  /** Errors of rows stand beside them; where the draft or a photo is gone, nothing here can be put right. */
  #refused(refusal, rows) {
    const found = new Map();
    for (const error of refusal.errors) {
      const [, at, name] = /^(\d+)(?:\.(\w+))?/.exec(error.attr ?? "") ?? [];
      if (at !== undefined) found.set(Number(at), [...(found.get(Number(at)) ?? []), { name, detail: error.detail }]);
    }
    rows.forEach((row, at) => this.#errors(row, found.get(at) ?? []));
    if (found.size && ![...found.values()].flat().some(({ name }) => name === "photo")) this.unsaved.refused();
    else this.unsaved.ended(refusal.code.startsWith("draft_") ? refusal.message : "");
  }

  #errors(row, errors) {
    const place = row.querySelector("[data-errors]");
    place.textContent = errors.map(({ detail }) => detail).join(" ");
    place.hidden = errors.length === 0;
    for (const field of row.querySelectorAll("select, input[type=number]")) {
      const wrong = errors.some(({ name }) => name === field.dataset.field);
      const ids = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== place.id);
      if (wrong) ids.unshift(place.id);
      if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
      else field.removeAttribute("aria-describedby");
      if (wrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }

  #field(row, name) {
    return row.querySelector(`[data-field="${name}"]`);
  }

  #choices(place) {
    return {
      product: this.#field(place, "product").value,
      finish: this.#field(place, "finish").value,
      quantity: Number(this.#field(place, "quantity").value) || 1,
      fit: place.querySelector('[data-field="fit"]:checked')?.value ?? "crop",
    };
  }

  /** What is to be the same for all photos: nothing of what is left as it is. */
  #forAll() {
    const place = this.form.querySelector("[data-for-all]");
    const chosen = { product: this.#field(place, "product").value, finish: this.#field(place, "finish").value, quantity: Number(this.#field(place, "quantity").value), fit: place.querySelector('[data-field="fit"]:checked')?.value };
    return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value));
  }

  #item(row) {
    const quantity = Number(this.#field(row, "quantity").value);
    return { photo: this.#field(row, "photo").value, ...this.#choices(row), quantity, crop: this.#crop(row) };
  }

  #crop(row) {
    const crop = this.#field(row, "crop").value;
    return crop ? JSON.parse(crop) : null;
  }

  #setCrop(row, crop) {
    this.#field(row, "crop").value = crop ? JSON.stringify(crop) : "";
  }

  /** A row of the template with ids of its own, and the name of its photo wherever it is said what belongs to which. */
  #prepare(row, { photo, name }, choices) {
    this.suffixes += 1;
    const suffix = `js${this.suffixes}`;
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const attribute of [...element.attributes]) {
        const own = attribute.value.replace(/-new(?= |$)/g, `-${suffix}`).replace(/\bname-(?= |$)/, `name-${photo}`);
        if (own !== attribute.value) attribute.value = own;
      }
    }
    row.setAttribute("aria-label", fill(this.text.labelPrint, { name }));
    row.dataset.suffix = suffix;
    row.querySelector("[data-remove-row]").value = suffix;
    this.#field(row, "photo").value = photo;
    this.#choose(row, choices);
  }

  #choose(row, { product, finish, quantity, fit }) {
    this.#field(row, "product").value = product;
    this.#offerFinishes(row);
    if (this.#product(row).finishes.includes(finish)) this.#field(row, "finish").value = finish;
    this.#field(row, "quantity").value = quantity;
    row.querySelector(`[data-field="fit"][value="${fit}"]`).checked = true;
  }

  #product(row) {
    return this.products.get(this.#field(row, "product").value);
  }

  #offerFinishes(row) {
    const select = this.#field(row, "finish");
    const offered = this.#product(row)?.finishes;
    const fits = (code) => !code || !offered || offered.includes(code);
    for (const option of select.options) option.disabled = option.hidden = !fits(option.value);
    if (!fits(select.value)) select.value = select.options[0].value ? offered[0] : "";
  }

  #changed(field) {
    const row = field.closest("[data-print]");
    if (!row) {
      const all = field.closest("[data-for-all]");
      if (all && field.dataset.field === "product") this.#offerFinishes(all);
      return;
    }
    if (field.dataset.field === "product") this.#sizeChanged(row);
    this.#draw(field.closest("[data-photo]"), row);
    if (field.dataset.field === "quantity" && !field.value) return; // still typing
    this.save();
  }

  #sizeChanged(row) {
    const { width, height } = row.closest("[data-photo]").dataset;
    this.#setCrop(row, refitted(Number(width), Number(height), this.products.get(row.dataset.size), this.#product(row), this.#crop(row)));
    this.#offerFinishes(row);
  }

  #draw(card, row) {
    row.dataset.size = this.#product(row).code;
    row.querySelector("[data-tiers]").textContent = this.#product(row).tiers_text;
    const { width, height, preview } = card.dataset;
    const { fit } = this.#choices(row);
    const what = { width: Number(width), height: Number(height), product: this.#product(row), fit, crop: this.#crop(row), href: preview };
    const many = card.querySelectorAll("[data-print]").length > 1;
    const cut = draw(card.querySelector(".picture svg.sheet"), what);
    const mini = row.querySelector(".mini svg.sheet");
    if (mini && many) draw(mini, what);
    row.querySelector("[data-adjust]").hidden = fit === "border" || !preview; // nothing to see yet
    this.#judge(row, this.#verdict(what, cut > MUCH));
  }

  /** How sharp a print will be, in words: the same as orders/advice.py says. */
  #verdict({ width, height, product, fit, crop }, muchCut) {
    const sharp = dpi(width, height, product, fit, crop);
    const quality = sharp >= GOOD ? "good" : sharp >= FAIR ? "fair" : "poor";
    const word = this.text[{ good: "textGood", fair: "textFair", poor: "textPoor" }[quality]];
    if (quality === "good") return { quality, word, dpi: sharp, why: muchCut && !cuts(crop) ? this.text.adviceCut : "" };
    const pixels = printed(width, height, product, fit, crop);
    const needed = pixels.map((side) => Math.ceil((side * GOOD) / Math.max(sharp, 1)));
    const good = [...this.products.values()].filter((other) => dpi(width, height, other, fit, crop) >= GOOD);
    const best = good.reduce((most, other) => (most && most.width_mm * most.height_mm >= other.width_mm * other.height_mm ? most : other), null);
    const why = [quality === "fair" ? this.text.adviceFair : this.text.advicePoor, fill(this.text.adviceWhy, { pixels: pixels.join(" × "), needed: needed.join(" × ") }), best ? fill(this.text.adviceLargest, { size: best.name }) : this.text.adviceNone];
    return { quality, word, dpi: sharp, why: why.join(" ") };
  }

  #judge(row, { quality, word, dpi: sharp, why }) {
    const light = row.querySelector(".quality");
    light.hidden = false;
    light.dataset.quality = quality;
    light.querySelector("[data-quality-text]").textContent = word;
    light.querySelector("[data-dpi]").textContent = `${sharp} dpi`;
    const advice = row.querySelector("[data-advice]");
    advice.textContent = why;
    advice.hidden = !why;
  }

  /** The crop editor on one print; what is chosen there is drawn and saved. */
  #adjust(row) {
    const card = row.closest("[data-photo]");
    const [width, height] = [Number(card.dataset.width), Number(card.dataset.height)];
    const product = this.#product(row);
    const what = { width, height, product, fit: "crop", crop: this.#crop(row), href: card.dataset.preview, name: card.dataset.name, size: product.name };
    const verdict = (crop) => {
      const box = cropBox(...lying(width, height, crop), product, crop);
      return this.#verdict({ ...what, crop }, 1 - (box.width * box.height) / (width * height) > MUCH);
    };
    this.cropper.open(what, verdict, (crop) => {
      this.#setCrop(row, crop);
      this.#draw(card, row);
      this.save();
    });
    if (card.dataset.sharp) this.cropper.sharpen(what, card.dataset.sharp);
  }

  /** The photo a quarter further, clockwise, on this print. */
  #turnPhoto(row) {
    this.#setCrop(row, quarterTurned(this.#crop(row)));
    this.#draw(row.closest("[data-photo]"), row);
    this.announce(fill(this.text.textTurned, { turn: turnOf(this.#crop(row)) }));
  }

  #clicked(event) {
    const button = event.target.closest("button") ?? this.#pictureButton(event.target);
    if (!button) return;
    if (button.matches("[data-add-row]")) this.#addRow(button.closest("[data-photo]"));
    else if (button.matches("[data-remove-row]")) this.#removeRow(button.closest("[data-print]"));
    else if (button.matches("[data-apply]")) this.#applyToAll();
    else if (button.matches("[data-turn-photo]")) this.#turnPhoto(button.closest("[data-print]"));
    else if (button.matches("[data-adjust]")) return this.#adjust(button.closest("[data-print]"));
    else return;
    event.preventDefault();
    this.save();
  }

  /** A click on a picture is a click on its print's "adjust the cut". */
  #pictureButton(target) {
    const picture = target.closest(".picture, .mini");
    const button = picture && (picture.closest("[data-print]") ?? picture.closest("[data-photo]"))?.querySelector("[data-adjust]");
    return button && getComputedStyle(button).display !== "none" ? button : null;
  }

  #addRow(card) {
    const rows = card.querySelectorAll("[data-print]");
    const last = this.#choices(rows[rows.length - 1]);
    const codes = [...this.products.keys()];
    const used = new Set([...rows].map((row) => this.#field(row, "product").value));
    const row = this.template.querySelector("[data-print]").cloneNode(true);
    this.#setCrop(row, withTurn(turnOf(this.#crop(rows[rows.length - 1])), null));
    this.#prepare(row, card.dataset, { ...last, product: codes.find((code) => !used.has(code)) ?? last.product, quantity: 1 });
    card.querySelector("[data-prints]").append(row);
    this.#tellAlone(card);
    this.show(card);
    this.#draw(card, row);
    this.#field(row, "product").focus();
  }

  #removeRow(row) {
    const card = row.closest("[data-photo]");
    row.remove();
    this.#tellAlone(card);
    this.show(card);
    card.querySelector("[data-add-row]").focus();
  }

  /** The last print of a photo is removed with the photo. */
  #tellAlone(card) {
    const buttons = card.querySelectorAll("[data-remove-row]");
    for (const button of buttons) button.hidden = buttons.length < 2;
  }

  #applyToAll() {
    const wanted = this.#forAll();
    for (const card of this.cards) {
      const row = card.querySelector("[data-print]");
      if (!row || card.dataset.state === "broken") continue;
      this.#choose(row, { ...this.#choices(row), ...wanted });
      this.#sizeChanged(row);
      this.#draw(card, row);
    }
    this.told = this.text.textApplied;
  }
}
