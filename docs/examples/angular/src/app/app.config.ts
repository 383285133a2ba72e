// The wiring: where the hub is, and who hands out tokens.

import { ApplicationConfig, provideBrowserGlobalErrorListeners } from "@angular/core";
import { DevAuth } from "./dev-auth";
import { Auth, HUB_URL } from "./notification.service";

/** In production: the URL of your deployment, such as https://notify.example.com. */
const STACK = "http://127.0.0.1:8080";

export const appConfig: ApplicationConfig = {
  providers: [
    provideBrowserGlobalErrorListeners(),
    { provide: HUB_URL, useValue: `${STACK}/hubs/notifications` },
    // In production: your own log-in, such as a class over MsalService or OidcSecurityService.
    { provide: DevAuth, useFactory: () => new DevAuth(`${STACK}/dev/token`) },
    { provide: Auth, useExisting: DevAuth },
  ],
};
