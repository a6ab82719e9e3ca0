// Asks js/worker.js. Where the browser has no workers every answer is a refusal, and the page does without.

export class Background {
  asked = new Map();
  number = 0;

  constructor(url) {
    try {
      this.worker = new Worker(url);
    } catch {
      return;
    }
    this.worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.asked.get(data.id);
      this.asked.delete(data.id);
      if (data.problem) reject(new Error(data.problem));
      else resolve(data.answer);
    };
    this.worker.onerror = () => {
      for (const { reject } of this.asked.values()) reject(new Error("no worker"));
      this.asked.clear();
      this.worker = null;
    };
  }

  ask(task, ...values) {
    if (!this.worker) return Promise.reject(new Error("no worker"));
    this.number += 1;
    const id = this.number;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.worker.postMessage({ id, task, values });
    });
  }
}
