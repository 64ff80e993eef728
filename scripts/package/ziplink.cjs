#!/usr/bin/env node
// Written so that every Node can parse it: an old one gets its message before any syntax that it
// does not know.
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
