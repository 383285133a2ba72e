// The wire of one tab: what its client asks over HTTP, and every frame of its sockets.

import { DefaultHttpClient, HttpRequest, HttpResponse, NullLogger } from "@microsoft/signalr";

/** One thing that went over the wire. */
export interface Frame {
  at: Date;
  direction: "out" | "in" | "note";
  /** In words. */
  title: string;
  text: string;
  /** Whether a record separator follows. */
  isRecord: boolean;
}

const KINDS: Record<number, string> = { 2: "stream item", 4: "stream call", 5: "cancel", 6: "ping", 7: "close", 8: "acknowledgement", 9: "sequence" };
const RS = "\u001e";

/** A socket constructor and an HTTP client that tell `note` of everything, and `refused` of what failed. */
export class Wire {
  #socket: WebSocket | undefined;
  /** Until when nothing goes over the wire. */
  #online: Promise<unknown> = Promise.resolve();
  #isOffline = false;

  constructor(
    readonly note: (frame: Frame) => void,
    readonly refused: (error: Error) => void,
  ) {}

  /** Drops the socket, and lets no other one be opened for a while. */
  stayOffline(milliseconds: number): void {
    this.#isOffline = true;
    const online = () => (this.#isOffline = false);
    this.#online = new Promise((resolve) => setTimeout(resolve, milliseconds)).then(online);
    this.cut();
  }

  /** What the official client takes as its options. */
  get options() {
    return { WebSocket: this.#sockets(), httpClient: this.#http() };
  }

  /** Drops the socket, as a network does; the client does not know why. */
  cut(): void {
    this.#socket?.close(4000, "The wire was cut.");
  }

  #tell(direction: Frame["direction"], title: string, text = "", isRecord = false): void {
    this.note({ at: new Date(), direction, title, text, isRecord });
  }

  #sockets() {
    const wire = this;
    return class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        wire.#socket = this;
        wire.#tell("note", "socket opens", masked(String(url)));
        this.addEventListener("message", ({ data }) => wire.#frame("in", String(data)));
        this.addEventListener("close", ({ code, reason }) => wire.#tell("note", `socket closed, ${code}`, reason));
        // A client with stateful reconnect opens another socket at once, which fails like everything else.
        if (wire.#isOffline) this.close();
      }

      override send(data: string): void {
        wire.#frame("out", data);
        super.send(data);
      }
    };
  }

  #frame(direction: "out" | "in", data: string): void {
    for (const record of data.split(RS).slice(0, -1)) this.#tell(direction, titleOf(record, direction), record, true);
  }

  #http(): DefaultHttpClient {
    const wire = this;
    class Tapped extends DefaultHttpClient {
      override async send(request: HttpRequest): Promise<HttpResponse> {
        const { pathname, search } = new URL(request.url ?? "", location.href);
        await wire.#online;
        wire.#tell("out", "negotiate", `${request.method} ${pathname}${search}`);
        const answer = await super.send(request).catch((error: Error) => {
          wire.#tell("in", "refused", error.message);
          wire.refused(error);
          throw error;
        });
        wire.#tell("in", isRedirect(answer) ? "redirect" : "connection", masked(String(answer.content)));
        return answer;
      }
    }
    return new Tapped(NullLogger.instance);
  }
}

function isRedirect({ content }: HttpResponse): boolean {
  return String(content).includes('"url"');
}

/** Tokens are nobody's to read over a shoulder. */
function masked(text: string): string {
  return text
    .replace(/(access_token=|[?&]id=)[^&"]+/g, "$1…")
    .replace(/("(?:accessToken|connectionToken)":")[^"]+/g, "$1…");
}

function titleOf(record: string, direction: "out" | "in"): string {
  const { type, target, error, protocol } = JSON.parse(record);
  if (type === undefined) return protocol || direction === "in" ? "handshake" : "record";
  if (type === 1) return `call ${target}`;
  if (type === 3) return error === undefined ? "answer" : "error";
  return KINDS[type] ?? `type ${type}`;
}
