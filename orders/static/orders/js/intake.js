// How files come in: picked, taken with the camera, from a folder, dropped, pasted.

const PICTURE = /\.(jpe?g|png|webp|hei[cf]|tiff?)$/i;

/** Calls `add(files)` with what the customer gives, in the order of giving. */
export function takeIn(root, add) {
  for (const input of root.querySelectorAll("[data-pick]")) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      add(input.dataset.pick === "folder" ? files.filter(looksLikePicture) : files);
      input.value = "";
    });
    if (input.files.length) input.dispatchEvent(new Event("change")); // picked before this script was here
  }
  for (const button of root.querySelectorAll("[data-opens]")) {
    button.addEventListener("click", () => root.querySelector(`[data-pick="${button.dataset.opens}"]`).click());
  }
  const drop = root.querySelector("[data-drop]");
  let depth = 0;
  const over = (change) => {
    depth = Math.max(0, depth + change);
    drop.classList.toggle("is-over", depth > 0);
  };
  document.addEventListener("dragenter", (event) => { if (carriesFiles(event)) over(1); });
  document.addEventListener("dragleave", () => over(-1));
  document.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    over(-depth);
    add(await dropped(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) add(files);
  });
}

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const looksLikePicture = (file) => file.type.startsWith("image/") || PICTURE.test(file.name);

/** The files, and those of dropped folders that look like pictures. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.filter(Boolean).map((entry) => inside(entry)));
  return found.flat();
}

async function inside(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const entries = [];
  for (let more = null; !more || more.length; entries.push(...more)) more = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
  entries.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  const found = await Promise.all(entries.map(inside));
  return found.flat().filter(looksLikePicture);
}
