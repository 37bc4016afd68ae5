// Keeps the form itself at hand, so that it opens without a connection. It holds nothing that anybody wrote.
"use strict";
const SHELF = "form-1";
const FORM = "/";
const PARTS = [FORM, "/static/form.css", "/static/form.js"];
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(PARTS)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || !PARTS.includes(pathname)) return;
  const fresh = fetch(event.request).then((answer) => {
    if (answer.ok) {
      const copy = answer.clone();
      event.waitUntil(caches.open(SHELF).then((shelf) => shelf.put(pathname, copy)));
    }
    return answer;
  });
  event.respondWith(fresh.catch(() => caches.match(pathname)));
});
