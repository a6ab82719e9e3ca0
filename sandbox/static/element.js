// The Payment Element's frame: collects the card, asks the sandbox, and answers the page that embeds it.
"use strict";

const asked = new URLSearchParams(location.search);
const form = document.getElementById("element");

function tell(message) {
  parent.postMessage({ sandboxElement: asked.get("element"), ...message }, "*");
}

function showFields() {
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== form.method_field.value;
  tell({ type: "resize", height: document.documentElement.scrollHeight });
}

async function confirm(message) {
  const body = { ...Object.fromEntries(new FormData(form)), ...message.confirm, key: asked.get("key"),
    client_secret: asked.get("client_secret"), locale: asked.get("locale") };
  const answer = await fetch("/v3/confirm", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return answer.json();
}

if (form) {
  form.method_field = form.elements.namedItem("method");
  form.method_field.addEventListener("change", showFields);
  form.addEventListener("input", () => {
    const needed = form.method_field.value === "card" ? ["number", "expiry", "cvc", "name"] : form.method_field.value === "mb_way" ? ["phone"] : [];
    const complete = needed.every((name) => form.elements.namedItem(name).value.trim() !== "");
    tell({ type: "change", complete, empty: !complete, value: { type: form.method_field.value } });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("message", async (event) => {
    if (event.source !== parent || !event.data || !event.data.confirm) return;
    let result;
    try {
      result = await confirm(event.data);
    } catch (error) {
      result = { error: { type: "api_connection_error", message: String(error) } };
    }
    tell({ type: "confirmed", call: event.data.call, result });
  });
  showFields();
  tell({ type: "ready" });
} else {
  tell({ type: "loaderror" });
}
