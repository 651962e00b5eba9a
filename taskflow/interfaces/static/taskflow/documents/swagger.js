"use strict";

const place = document.getElementById("documents");

function readCookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  // Swagger otherwise shows a badge that sends the document to a validator on the internet.
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (!["GET", "HEAD", "OPTIONS"].includes((request.method || "GET").toUpperCase())) {
      request.headers["X-CSRFToken"] = readCookie(place.dataset.csrfCookie);
    }
    return request;
  },
});
