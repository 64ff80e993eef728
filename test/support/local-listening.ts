/**
 * Preload this (`node --import`) into a program that listens on every network interface and has no
 * option for it: it then listens on 127.0.0.1, and prints its port.
 */
import { type AddressInfo, Server } from "node:net";

const listen: (this: Server, port: number, host: string, onListening: () => void) => Server =
  Server.prototype.listen;

function listenHere(this: Server, port: number | string, onListening: () => void): Server {
  return listen.call(this, Number(port), "127.0.0.1", () => {
    onListening();
    const { address, port: chosen } = this.address() as AddressInfo;
    console.log(JSON.stringify({ message: "listening", address, port: chosen }));
  });
}

Object.assign(Server.prototype, { listen: listenHere });
