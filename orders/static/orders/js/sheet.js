// What of a photo lands on the paper, and drawing it: the same geometry as orders/cropping.py and orders/pictures.py.

const MM_PER_INCH = 25.4;

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
export function refitted(photoWidth, photoHeight, from, to, crop) {
  if (!crop) return null;
  const box = cropBox(photoWidth, photoHeight, from, crop);
  const square = from.width_mm === from.height_mm;
  const lies = square ? [photoWidth, photoHeight] : [box.width, box.height];
  const most = cutAt(photoWidth, photoHeight, turned(...lies, from.width_mm, from.height_mm), 1, 0, 0);
  const paper = turned(...lies, to.width_mm, to.height_mm);
  return fractions(cutAt(photoWidth, photoHeight, paper, most.width / box.width, box.x + box.width / 2, box.y + box.height / 2), photoWidth, photoHeight);
}

const six = (value) => Math.round(value * 1e6) / 1e6;

/** The box as the API takes it: fractions of the upright photo, six decimals. */
export function fractions(box, width, height) {
  return { x: six(box.x / width), y: six(box.y / height), width: six(box.width / width), height: six(box.height / height) };
}

/** The pixels, across and down, of what is printed. */
export function printed(width, height, product, fit, crop) {
  const { width: across, height: down } = fit === "border" ? { width, height } : cropBox(width, height, product, crop);
  return [Math.round(across), Math.round(down)];
}

export function borderBox(width, height, product) {
  const [paperWidth, paperHeight] = turned(width, height, product.width_mm, product.height_mm);
  const border = product.border_mm;
  return largest({ x: border, y: border, width: paperWidth - 2 * border, height: paperHeight - 2 * border }, width, height);
}

/** Dots per inch of the print, as orders/quality.py counts them; the server's answer replaces it a moment later. */
export function dpi(width, height, product, fit, crop) {
  const exact = fit === "border"
    ? (width / borderBox(width, height, product).width) * MM_PER_INCH
    : (Math.max(...(({ width: w, height: h }) => [w, h])(cropBox(width, height, product, crop))) / Math.max(product.width_mm, product.height_mm)) * MM_PER_INCH;
  return Math.floor(exact + 1e-9);
}

export const place = (element, values) => Object.entries(values).forEach(([name, value]) => element.setAttribute(name, value));
const round = (value) => Math.round(value * 100) / 100;

/** Draws one print of a photo into an <svg class="sheet">; the part of the photo that is cut off, 0 to 1. */
export function draw(svg, { width, height, product, fit, crop, href }) {
  const [mat, image, cut, edge] = svg.children;
  if (href && image.getAttribute("href") !== href) image.setAttribute("href", href);
  if (fit === "border") {
    const [paperWidth, paperHeight] = turned(width, height, product.width_mm, product.height_mm);
    const box = borderBox(width, height, product);
    svg.setAttribute("viewBox", `0 0 ${paperWidth} ${paperHeight}`);
    place(mat, { width: paperWidth, height: paperHeight });
    place(image, { x: round(box.x), y: round(box.y), width: round(box.width), height: round(box.height) });
    cut.setAttribute("d", "");
    place(edge, { x: 0, y: 0, width: 0, height: 0 });
    return 0;
  }
  const box = cropBox(width, height, product, crop);
  const [left, top, right, bottom] = [box.x, box.y, box.x + box.width, box.y + box.height].map(round);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  place(mat, { width: 0, height: 0 });
  place(image, { x: 0, y: 0, width, height });
  const whole = width - (right - left) < 1 && height - (bottom - top) < 1;
  cut.setAttribute("d", whole ? "" : `M0 0H${width}V${height}H0ZM${left} ${top}H${right}V${bottom}H${left}Z`);
  place(edge, whole ? { x: 0, y: 0, width: 0, height: 0 } : { x: left, y: top, width: round(right - left), height: round(bottom - top) });
  return 1 - (box.width * box.height) / (width * height);
}
