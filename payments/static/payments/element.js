// The Payment Element: mounts Stripe's frame, confirms the payment, and says what went wrong. The customer's card never
// reaches this script.

const place = document.querySelector("[data-element]");
const form = document.querySelector("[data-pay-form]");
const said = document.querySelector("[data-said]");
const button = form.querySelector("button");
const { key, secret, returnUrl, locale, blocked, failed } = place.dataset;

function say(text) {
  said.textContent = text;
  said.hidden = !text;
  if (text) said.focus();
}

// Stripe words declined cards and wrong input for the customer, in the page's language; other errors are for us.
function words(error) {
  return ["card_error", "validation_error"].includes(error.type) && error.message ? error.message : failed;
}

function start() {
  const stripe = window.Stripe(key);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const elements = stripe.elements({ clientSecret: secret, locale, appearance: { theme: dark ? "night" : "stripe" } });
  const element = elements.create("payment");
  element.on("ready", () => { button.disabled = false; });
  element.on("loaderror", () => say(blocked));
  element.mount(place);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    say("");
    try {
      const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: returnUrl } });
      if (error) say(words(error));
    } catch {
      say(failed);
    }
    button.disabled = false;
  });
}

if (window.Stripe) start();
else say(blocked);
