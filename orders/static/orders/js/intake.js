// How files come in: picked, taken with the camera, from a folder, dropped, pasted.

const PICTURE = /\.(jpe?g|png|webp|hei[cf]|tiff?)$/i;

/** Calls `add(files)` with what the customer gives, in the order of giving, and `lost(name)` for what cannot be read. */
export function takeIn(root, add, lost) {
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
    add(await dropped(event.dataTransfer, lost));
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) add(files);
  });
}

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const looksLikePicture = (file) => file.type.startsWith("image/") || PICTURE.test(file.name);

/** The files, and those of dropped folders that look like pictures. */
async function dropped(transfer, lost) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
  if (!entries.some((entry) => entry?.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.filter(Boolean).map((entry) => inside(entry, lost)));
  return found.flat();
}

async function inside(entry, lost) {
  try {
    return entry.isFile ? [await new Promise((resolve, reject) => entry.file(resolve, reject))] : await listed(entry, lost);
  } catch {
    lost(entry.name); // the others are taken all the same
    return [];
  }
}

async function listed(entry, lost) {
  const reader = entry.createReader();
  const entries = [];
  for (let more = null; !more || more.length; entries.push(...more)) more = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
  entries.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  const found = await Promise.all(entries.map((each) => inside(each, lost)));
  return found.flat().filter(looksLikePicture);
}
