// On every page: keeps a form from being sent twice.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});

// A file control in the page's language, which the browser's need not be, tells what was chosen.
document.addEventListener("change", ({ target }) => {
  const chosen = target.closest(".file-choice")?.querySelector("[data-chosen]");
  if (chosen && target.files.length) chosen.textContent = [...target.files].map((file) => file.name).join(", ");
});

// One more or fewer by finger, where the keyboard would cover half the page; with keys the field itself counts by its arrows.
document.addEventListener("click", ({ target }) => {
  const step = target.closest("[data-step]");
  if (!step) return;
  const field = step.parentElement.querySelector("input");
  if (step.dataset.step === "up") field.stepUp();
  else field.stepDown();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Coming back by the back button finds the form usable again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// The first mistake on a form that came back, or what is said of its address, is where the customer wants to be.
document.querySelector('form [aria-invalid="true"], #address-problem')?.focus({ preventScroll: false });
