// What of a photo lands on the paper, and drawing it: the same geometry as orders/cropping.py and orders/pictures.py.

const MM_PER_INCH = 25.4;

/** By how many degrees the photo is turned clockwise; it is kept in its crop, and the crop is of the photo as turned. */
export const turnOf = (crop) => crop?.turn ?? 0;

/** The upright photo's sides as they lie once it has been turned. */
export const lying = (width, height, crop) => (turnOf(crop) % 180 ? [height, width] : [width, height]);

/** The crop with that turn; without a cut, the turn of the whole photo, or null. */
export function withTurn(turn, cut) {
  if (!turn) return cut;
  return { ...(cut ?? { x: 0, y: 0, width: 1, height: 1 }), turn };
}

/** Whether the customer chose a cut: all of a turned photo is cut in its middle, as a photo without a crop. */
export const cuts = (crop) => Boolean(crop) && !(crop.turn && crop.x === 0 && crop.y === 0 && crop.width === 1 && crop.height === 1);

/** The crop after one more quarter turn, clockwise: the same part of the picture. */
export function quarterTurned(crop) {
  const turn = (turnOf(crop) + 90) % 360;
  if (!cuts(crop)) return withTurn(turn, null);
  const { x, y, width, height } = crop;
  return withTurn(turn, { x: six(Math.max(1 - y - height, 0)), y: x, width: height, height: width });
}

/** The paper turned to lie as the photo does. */
export function turned(photoWidth, photoHeight, paperWidth, paperHeight) {
  const [short, long] = [Math.min(paperWidth, paperHeight), Math.max(paperWidth, paperHeight)];
  return photoWidth > photoHeight ? [long, short] : [short, long];
}

function largest(inside, ratioWidth, ratioHeight) {
  const scale = Math.min(inside.width / ratioWidth, inside.height / ratioHeight);
  const [width, height] = [ratioWidth * scale, ratioHeight * scale];
  return { x: inside.x + (inside.width - width) / 2, y: inside.y + (inside.height - height) / 2, width, height };
}

export function cropBox(width, height, product, crop) {
  const whole = { x: 0, y: 0, width, height };
  const chosen = crop ? { x: crop.x * width, y: crop.y * height, width: crop.width * width, height: crop.height * height } : whole;
  return largest(chosen, ...turned(chosen.width, chosen.height, product.width_mm, product.height_mm));
}

const within = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

/** A cut of the paper's sides, `zoom` times smaller than the largest, about a middle, moved to lie inside the photo. */
export function cutAt(photoWidth, photoHeight, [across, down], zoom, x, y) {
  const most = largest({ x: 0, y: 0, width: photoWidth, height: photoHeight }, across, down);
  const [width, height] = [most.width / zoom, most.height / zoom];
  return { x: within(x - width / 2, 0, photoWidth - width), y: within(y - height / 2, 0, photoHeight - height), width, height };
}

/** A crop chosen for one size, for another: about the same middle, as much enlarged, the paper lying the same way. */
export function refitted(uprightWidth, uprightHeight, from, to, crop) {
  if (!cuts(crop)) return crop;
  const [photoWidth, photoHeight] = lying(uprightWidth, uprightHeight, crop);
  const box = cropBox(photoWidth, photoHeight, from, crop);
  const square = from.width_mm === from.height_mm;
  const lies = square ? [photoWidth, photoHeight] : [box.width, box.height];
  const most = cutAt(photoWidth, photoHeight, turned(...lies, from.width_mm, from.height_mm), 1, 0, 0);
  const paper = turned(...lies, to.width_mm, to.height_mm);
  const cut = cutAt(photoWidth, photoHeight, paper, most.width / box.width, box.x + box.width / 2, box.y + box.height / 2);
  return withTurn(turnOf(crop), fractions(cut, photoWidth, photoHeight));
}

const six = (value) => Math.round(value * 1e6) / 1e6;

/** The box as the API takes it: fractions of the photo as it lies, six decimals. */
export function fractions(box, width, height) {
  return { x: six(box.x / width), y: six(box.y / height), width: six(box.width / width), height: six(box.height / height) };
}

/** The pixels, across and down, of what is printed of the upright photo. */
export function printed(uprightWidth, uprightHeight, product, fit, crop) {
  const [width, height] = lying(uprightWidth, uprightHeight, crop);
  const { width: across, height: down } = fit === "border" ? { width, height } : cropBox(width, height, product, crop);
  return [Math.round(across), Math.round(down)];
}

export function borderBox(width, height, product) {
  const [paperWidth, paperHeight] = turned(width, height, product.width_mm, product.height_mm);
  const border = product.border_mm;
  return largest({ x: border, y: border, width: paperWidth - 2 * border, height: paperHeight - 2 * border }, width, height);
}

/** Dots per inch of the print, as orders/quality.py counts them; the server's answer replaces it a moment later. */
export function dpi(uprightWidth, uprightHeight, product, fit, crop) {
  const [width, height] = lying(uprightWidth, uprightHeight, crop);
  const exact = fit === "border"
    ? (width / borderBox(width, height, product).width) * MM_PER_INCH
    : (Math.max(...(({ width: w, height: h }) => [w, h])(cropBox(width, height, product, crop))) / Math.max(product.width_mm, product.height_mm)) * MM_PER_INCH;
  return Math.floor(exact + 1e-9);
}

export const place = (element, values) => Object.entries(values).forEach(([name, value]) => element.setAttribute(name, value));
const round = (value) => Math.round(value * 100) / 100;

/** Draws the photo so that, turned about the middle of the box, it fills it: as orders/pictures.py does. */
export function placePhoto(image, { x, y, width, height }, turn) {
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  const [across, down] = turn % 180 ? [height, width] : [width, height];
  place(image, { x: round(middleX - across / 2), y: round(middleY - down / 2), width: round(across), height: round(down) });
  if (turn) image.setAttribute("transform", `rotate(${turn} ${round(middleX)} ${round(middleY)})`);
  else image.removeAttribute("transform");
}

/** Draws one print of a photo into an <svg class="sheet">; the part of the photo that is cut off, 0 to 1. */
export function draw(svg, { width: uprightWidth, height: uprightHeight, product, fit, crop, href }) {
  const [mat, image, cut, edge] = svg.children;
  const [width, height] = lying(uprightWidth, uprightHeight, crop);
  if (href && image.getAttribute("href") !== href) image.setAttribute("href", href);
  if (fit === "border") {
    const [paperWidth, paperHeight] = turned(width, height, product.width_mm, product.height_mm);
    const box = borderBox(width, height, product);
    svg.setAttribute("viewBox", `0 0 ${paperWidth} ${paperHeight}`);
    place(mat, { width: paperWidth, height: paperHeight });
    placePhoto(image, box, turnOf(crop));
    cut.setAttribute("d", "");
    place(edge, { x: 0, y: 0, width: 0, height: 0 });
    return 0;
  }
  const box = cropBox(width, height, product, crop);
  const [left, top, right, bottom] = [box.x, box.y, box.x + box.width, box.y + box.height].map(round);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  place(mat, { width: 0, height: 0 });
  placePhoto(image, { x: 0, y: 0, width, height }, turnOf(crop));
  const whole = width - (right - left) < 1 && height - (bottom - top) < 1;
  cut.setAttribute("d", whole ? "" : `M0 0H${width}V${height}H0ZM${left} ${top}H${right}V${bottom}H${left}Z`);
  place(edge, whole ? { x: 0, y: 0, width: 0, height: 0 } : { x: left, y: top, width: round(right - left), height: round(bottom - top) });
  return 1 - (box.width * box.height) / (width * height);
}
