/** A CommonJS program: Node lets it require ES modules that wait for nothing when they are loaded. */
const { createS3Source } = require("@ziplink/ziplink/s3");
const { createGcsSource } = require("@ziplink/ziplink/gcs");
const { createApp } = require("@ziplink/ziplink");

console.log([createS3Source, createGcsSource, createApp].map((each) => typeof each).join(" "));
