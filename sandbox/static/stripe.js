// A stand-in for Stripe.js, for the sandbox only: no real money. It knows the Payment Element of a PaymentIntent.
"use strict";

(() => {
  const origin = new URL(document.currentScript.src).origin;
  let counter = 0;

  class PaymentElement {
    constructor(key, options) {
      this.name = `sandbox-${(counter += 1)}`;
      this.listeners = {};
      this.waiting = new Map();
      this.frame = document.createElement("iframe");
      this.frame.title = "Secure payment input frame (sandbox)";
      this.frame.width = "100%";
      this.frame.height = "420";
      const query = new URLSearchParams({ element: this.name, key, client_secret: options.clientSecret || "", locale: options.locale || "" });
      this.frame.src = `${origin}/v3/element?${query}`;
      addEventListener("message", (event) => this.hear(event));
    }

    hear(event) {
      if (event.source !== this.frame.contentWindow || event.origin !== origin || event.data.sandboxElement !== this.name) return;
      const { type, call, result, height } = event.data;
      if (type === "resize") this.frame.height = String(height);
      if (type === "confirmed" && this.waiting.has(call)) {
        this.waiting.get(call)(result);
        this.waiting.delete(call);
      }
      for (const listener of this.listeners[type] || []) listener({ elementType: "payment", ...event.data });
    }

    on(type, listener) {
      (this.listeners[type] = this.listeners[type] || []).push(listener);
      return this;
    }

    mount(place) {
      const target = typeof place === "string" ? document.querySelector(place) : place;
      if (!target) throw new Error(`The selector you specified (${place}) applies to no DOM elements.`);
      target.replaceChildren(this.frame);
    }

    unmount() {
      this.frame.remove();
    }

    destroy() {
      this.unmount();
    }

    ask(confirm) {
      const call = (counter += 1);
      return new Promise((resolve) => {
        this.waiting.set(call, resolve);
        this.frame.contentWindow.postMessage({ call, confirm }, origin);
      });
    }
  }

  class Elements {
    constructor(key, options) {
      this.key = key;
      this.options = options;
      this.element = null;
    }

    create(type) {
      if (type !== "payment") throw new Error(`The sandbox knows the payment element only, not ${type}.`);
      this.element = new PaymentElement(this.key, this.options);
      return this.element;
    }

    getElement(type) {
      return type === "payment" ? this.element : null;
    }

    async submit() {
      return {};
    }

    async fetchUpdates() {
      return {};
    }
  }

  function returnAddress(url, intent) {
    const address = new URL(url);
    address.searchParams.set("payment_intent", intent.id);
    address.searchParams.set("payment_intent_client_secret", intent.client_secret);
    address.searchParams.set("redirect_status", intent.status === "succeeded" ? "succeeded" : "pending");
    return address.href;
  }

  async function confirmPayment(options) {
    const { elements, confirmParams = {}, redirect = "always" } = options;
    const billing = (confirmParams.payment_method_data || {}).billing_details || {};
    const fields = Object.fromEntries(["email", "phone", "name"].filter((name) => billing[name]).map((name) => [name, billing[name]]));
    const result = await elements.element.ask({ return_url: confirmParams.return_url || "", ...fields });
    if (result.error) return { error: result.error };
    const intent = result.paymentIntent;
    const action = intent.next_action || {};
    if (action.redirect_to_url) {
      location.assign(action.redirect_to_url.url);
      return new Promise(() => {});
    }
    if (redirect === "always") {
      location.assign(returnAddress(confirmParams.return_url, intent));
      return new Promise(() => {});
    }
    return { paymentIntent: intent };
  }

  window.Stripe = (key) => {
    if (!/^pk_test_/.test(key)) throw new Error("The sandbox takes publishable keys that begin with pk_test_ only.");
    return {
      elements: (options = {}) => new Elements(key, options),
      confirmPayment,
      retrievePaymentIntent: async (clientSecret) => {
        const answer = await fetch(`${origin}/v3/intent?${new URLSearchParams({ key, client_secret: clientSecret })}`);
        return answer.json();
      },
    };
  };
  window.Stripe.version = 3;
})();
