// Starts Swagger UI on our own description; a file of its own because the page allows no inline script.
SwaggerUIBundle({ url: "api/v1/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
