"use strict";

const place = document.getElementById("documents");

// The search would need a worker that is made from a string, and so a wider policy for the page.
Redoc.init(place.dataset.schema, { disableSearch: true, hideDownloadButton: false }, place);
