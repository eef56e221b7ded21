/** Pairly over REST: JSON in and out, problem details as errors, one time limit for all. */

const PREFIX = "/api/v1/";
const SECONDS_MAX = 20;

/** A refusal by the server (RFC 9457), or no answer at all: then `status` is 0. */
export class ApiError extends Error {
  constructor(problem, { status, retryAfterSeconds = null }) {
    super(problem.detail || problem.title || "The server cannot be reached.");
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code || (status ? "internal_error" : "unreachable");
    this.title = problem.title || "";
    this.traceId = problem.trace_id || "";
    this.errors = problem.errors || [];
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** `getToken()` gives the token or null; `onSignedOut(error)` is told when it is not valid. */
export function createApi({ getToken, onSignedOut }) {
  async function request(method, path, options = {}) {
    const { body, form, key, kind = "json", open = false, secondsMax = SECONDS_MAX } = options;
    const accept = kind === "blob" ? "*/*" : "application/json, application/problem+json";
    const headers = { Accept: accept };
    const token = open ? null : getToken();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (key) headers["Idempotency-Key"] = key;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await send(address(path), {
      method,
      headers,
      cache: kind === "blob" ? "default" : "no-store",
      body: form || (body === undefined ? undefined : JSON.stringify(body)),
    }, secondsMax);
    if (!answer.ok) {
      const error = await refusal(answer);
      if (token && error.status === 401 && token === getToken()) onSignedOut(error);
      throw error;
    }
    if (answer.status === 204) return null;
    return kind === "blob" ? answer.blob() : answer.json();
  }

  return {
    get: (path, options) => request("GET", path, options),
    post: (path, body, options) => request("POST", path, { body, ...options }),
    patch: (path, body) => request("PATCH", path, { body }),
    put: (path, body) => request("PUT", path, { body }),
    upload: (path, form, { method = "PUT", secondsMax } = {}) => request(method, path, { form, secondsMax }),
    delete: (path, body) => request("DELETE", path, { body }),
    /** Rows of a list, page after page, up to `rowsMax`. */
    async all(path, rowsMax = 500) {
      const rows = [];
      for (let next = path; next && rows.length < rowsMax; ) {
        const page = await request("GET", next);
        rows.push(...page.results);
        next = page.next;
      }
      return rows;
    },
  };
}

/** `next` of a list is a whole address; only its path counts, so that proxies do no harm. */
function address(path) {
  if (!/^https?:/.test(path)) return path.startsWith("/") ? path : PREFIX + path;
  const { pathname, search } = new URL(path);
  return pathname + search;
}

async function send(url, options, secondsMax) {
  const signal = AbortSignal.timeout(secondsMax * 1000);
  try {
    return await fetch(url, { ...options, signal, credentials: "omit" });
  } catch {
    throw new ApiError({}, { status: 0 });
  }
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  const traceId = problem.trace_id || answer.headers.get("X-Request-ID") || "";
  const retry = Number(answer.headers.get("Retry-After")) || null;
  return new ApiError(
    { title: "Something went wrong.", ...problem, trace_id: traceId },
    { status: answer.status, retryAfterSeconds: retry },
  );
}

/** Query text of what is set. */
export function query(values) {
  const wanted = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  return wanted.length ? `?${new URLSearchParams(wanted)}` : "";
}
