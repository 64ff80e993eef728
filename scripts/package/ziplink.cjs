#!/usr/bin/env node
// What every Node can parse: an old one is told so here, before it meets syntax that it does not know.
"use strict";

var minimum = [22, 18];
var version = process.versions.node.split(".").map(Number);

if (version[0] < minimum[0] || (version[0] === minimum[0] && version[1] < minimum[1])) {
  console.error(
    "Ziplink needs Node " +
      minimum.join(".") +
      " or later. This is Node " +
      process.versions.node +
      ": install a newer one from https://nodejs.org, and run the command again.",
  );
  process.exitCode = 1;
} else {
  import("../scripts/package/cli.js");
}
