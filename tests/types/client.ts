// What @hubcast/client must accept and refuse at compile time.

import { HubcastClient } from "@hubcast/client";

interface Methods {
  permissionsChanged(change: { role: string }): void;
  toast(text: string): void;
}

const hub = new HubcastClient<Methods>("https://notify.example.com/hubs/notifications", {
  token: async () => "token",
  withCredentials: false,
  on: { permissionsChanged: ({ role }) => role.toUpperCase() },
  onSignedOut: (reason) => reason.toUpperCase(),
});
const end: () => void = hub.on("toast", (text) => text.toUpperCase());
end();
hub.connection.onreconnected(() => undefined);
const id: Promise<string> = hub.invoke<string>("GetConnectionId");
void id;

// @ts-expect-error no backend calls this
hub.on("tost", () => undefined);
// @ts-expect-error the text is no number
hub.on("toast", (text: number) => text);
// @ts-expect-error the role is a text
new HubcastClient<Methods>("", { on: { permissionsChanged: ({ role }) => role.toFixed() } });
// @ts-expect-error the reason is a text
new HubcastClient("", { onSignedOut: (reason: number) => reason });
// @ts-expect-error tokens come by `token`
new HubcastClient("", { accessTokenFactory: () => "token" });

// Without names of its own, a client takes any.
new HubcastClient("").on("anything", (what: number) => what);
