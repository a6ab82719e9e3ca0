// Beside the page: checksums of photos, small pictures of them, and smaller versions, one at a time, so that the page stays quick.

const PREVIEW = 640; // pixels wide
const HASHED_AT_MOST = 64 * 1024 * 1024; // bytes: larger files are compared by the server alone

const tasks = {
  async hash(file) {
    if (!self.crypto?.subtle || file.size > HASHED_AT_MOST) return "";
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  },

  async preview(file) {
    return jpeg(await createImageBitmap(file, { resizeWidth: PREVIEW, resizeQuality: "medium" }), 0.8);
  },

  /** A JPEG of at most `longest` pixels on its long side, or null where the photo has no more than that. */
  async shrink(file, longest) {
    const whole = await createImageBitmap(file);
    const scale = longest / Math.max(whole.width, whole.height);
    if (scale >= 1) return null;
    const small = await createImageBitmap(whole, { resizeWidth: Math.round(whole.width * scale), resizeHeight: Math.round(whole.height * scale), resizeQuality: "high" });
    whole.close();
    return jpeg(small, 0.92);
  },
};

async function jpeg(bitmap, quality) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality });
}

let last = Promise.resolve();
self.onmessage = ({ data: { id, task, values } }) => {
  last = last.then(async () => {
    try {
      self.postMessage({ id, answer: await tasks[task](...values) });
    } catch (error) {
      self.postMessage({ id, problem: String(error) });
    }
  });
};
