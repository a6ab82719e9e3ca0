// Calls to the shop's own API, with the session's CSRF token.

export function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

export class Refusal extends Error {
  constructor(status, body) {
    super(body?.errors?.map((error) => error.detail).join(" ") || `HTTP ${status}`);
    this.status = status;
    this.code = body?.errors?.[0]?.code ?? "";
    this.errors = body?.errors ?? [];
  }

  /** Worth trying again with the very same request. */
  get temporary() {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The parsed answer, or null for 204. Throws Refusal for an answer that refuses, TypeError when there is none. */
export async function call(method, url, body, more = {}) {
  const response = await fetch(url, {
    ...more,
    method,
    credentials: "same-origin",
    headers: { Accept: "application/json", "X-CSRFToken": csrfToken(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** "%(name)s is added." with its values put in. */
export const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name]);
