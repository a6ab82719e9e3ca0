// What is typed into the delivery form stays until it is sent: in the tab's own store, from which nothing leaves the browser.
// In the other language, or back from the photos, it stands again in the fields that are empty.

const KEY = "delivery-typed";

const form = document.querySelector("[data-locality]");

try {
  const typed = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  for (const field of form.querySelectorAll("textarea, input:not([type=hidden], [type=radio])")) field.value ||= typed[field.name] ?? "";
  const way = [...form.querySelectorAll("[name=method]")].find((radio) => radio.value === typed.method);
  if (way) way.checked = true;
  form.addEventListener("input", () => {
    const fields = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
    sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(fields)));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(KEY));
} catch {
  // a browser that keeps nothing
}
