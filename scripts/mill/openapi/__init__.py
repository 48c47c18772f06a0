"""An OpenAPI 3.1 document of everything a workspace answers over HTTP, and a page to read it on."""
