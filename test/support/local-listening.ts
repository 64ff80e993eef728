/**
 * To be preloaded (`node --import`) into a program that listens on every network interface and cannot
 * be told otherwise: it listens on 127.0.0.1 then, and prints where.
 */
import { type AddressInfo, Server } from "node:net";

type Listen = (this: Server, port: number, host: string, onListening: () => void) => Server;

const listen: Listen = Server.prototype.listen;

Server.prototype.listen = function (this: Server, port: number | string, onListening: () => void) {
  return listen.call(this, Number(port), "127.0.0.1", () => {
    onListening();
    const { address, port: chosen } = this.address() as AddressInfo;
    console.log(JSON.stringify({ message: "listening", address, port: chosen }));
  });
} as typeof listen;
