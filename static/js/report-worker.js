// The service worker of one visit's report form. The site puts KEPT before it: a name, a version, and what to keep.
// It keeps the empty form and its files, never an answer, a photograph or another page.
const CACHE = `${KEPT.name}-${KEPT.version}`;
const PATIENCE = 6000;
const files = new Set([KEPT.shell, ...KEPT.files]);

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...files].map((address) => new Request(address, { cache: "no-cache" })));
  await self.skipWaiting();
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(`${KEPT.name}-`) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

// The network first, so that an open connection always gives the newest; what is kept when there is none, or none worth the name.
async function fetchOrKept(request, kept) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status < 500) return answer;
  } catch {
    // no connection
  }
  return (await caches.match(kept, { cacheName: CACHE, ignoreVary: true })) ?? Response.error();
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (mode === "navigate" && pathname === KEPT.form) event.respondWith(fetchOrKept(event.request, KEPT.shell));
  else if (mode !== "navigate" && files.has(pathname)) event.respondWith(fetchOrKept(event.request, pathname));
});
