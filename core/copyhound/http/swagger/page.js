"use strict";

// which document: a name out of the page's own list, never an address
const asked = new URLSearchParams(location.search).get("api") || "";
const known = [...document.querySelectorAll("nav a[data-api]")].map(link => link.dataset.api);
const url = known.includes(asked) && asked ? `/schema/surfaces/${asked}` : "/schema/openapi.json";

window.ui = SwaggerUIBundle({
  url,
  dom_id: "#ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  queryConfigEnabled: false,
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  defaultModelsExpandDepth: -1,
});
