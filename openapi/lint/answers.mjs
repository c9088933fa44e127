// Reads answers as a strict client would: every example must be valid, and an answer with words and members that come
// later must be valid too. `node answers.mjs DOCUMENT...`, with the folder of modules in VACANCY_LINT_MODULES.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

const require = createRequire(join(process.env.VACANCY_LINT_MODULES, "index.js"));
const { default: Ajv } = require("ajv/dist/2020.js");
const { default: formats } = require("ajv-formats");

const METHODS = ["get", "put", "post", "patch", "delete"];
const LATER = "a_word_of_tomorrow";
let checked = 0;
const wrong = [];

// Whether a schema is of a word: open or, by mistake, closed.
const isWord = (document, schema) => {
  const target = schema?.$ref ? resolve(document, schema.$ref) : schema;
  return Boolean(target?.["x-extensible-enum"] ?? target?.enum) || (target?.oneOf ?? []).some((one) => isWord(document, one));
};

const resolve = (document, reference) =>
  reference.slice(2).split("/").reduce((at, part) => at[part.replaceAll("~1", "/").replaceAll("~0", "~")], document);

// The properties of an object's schema, those of its parts too.
const properties = (document, schema) => {
  const target = schema.$ref ? resolve(document, schema.$ref) : schema;
  const choice = (target.oneOf ?? []).filter((one) => one.type !== "null");
  const parts = [...(target.allOf ?? []), ...choice].map((part) => properties(document, part));
  return Object.assign({}, ...parts, target.properties ?? {});
};

const items = (document, schema) => {
  const target = schema.$ref ? resolve(document, schema.$ref) : schema;
  return target.items ?? {};
};

// The same answer as a later version of ours would give it: every word is another, every object has a
// member more. Counts the words.
const grown = (document, schema, value, counted) => {
  if (isWord(document, schema) && typeof value === "string") {
    counted.words += 1;
    return LATER;
  }
  if (Array.isArray(value)) {
    return value.map((one) => grown(document, items(document, schema), one, counted));
  }
  if (value === null || typeof value !== "object") return value;
  const known = properties(document, schema);
  const members = Object.entries(value).map(([name, one]) => [name, grown(document, known[name] ?? {}, one, counted)]);
  return { ...Object.fromEntries(members), member_of_tomorrow: true };
};

const check = (validator, schema, value, place) => {
  checked += 1;
  const validate = validator.compile(schema);
  if (!validate(value)) wrong.push(`${place}: ${validator.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
};

// A schema of the document as one that stands alone.
const alone = (document, schema) => ({ ...schema, components: document.components });

const examples = (document, content) => {
  const named = Object.values(content.examples ?? {}).map((one) => (one.$ref ? resolve(document, one.$ref) : one).value);
  return content.example === undefined ? named : [content.example, ...named];
};

const contents = (document, operation) => {
  const sent = Object.values(operation.requestBody?.content ?? {}).map((content) => ["request", content]);
  const answered = Object.entries(operation.responses).flatMap(([status, answer]) =>
    Object.values(answer.content ?? {}).map((content) => [status, content]));
  return [...sent, ...answered];
};

for (const path of process.argv.slice(2)) {
  const document = JSON.parse(readFileSync(path, "utf8"));
  const validator = new Ajv({ strict: false, allErrors: true });
  formats(validator);
  for (const name of ["int32", "int64"]) validator.addFormat(name, { type: "number", validate: Number.isSafeInteger });
  validator.addFormat("double", true);
  const operations = Object.values({ ...document.paths, ...document.webhooks }).flatMap((item) =>
    METHODS.map((method) => item[method]).filter(Boolean));
  let words = 0;
  for (const operation of operations) {
    for (const [kind, content] of contents(document, operation)) {
      const place = `${basename(path)} ${operation.operationId} ${kind}`;
      const schema = alone(document, content.schema);
      const shown = examples(document, content);
      if (shown.length === 0) wrong.push(`${place}: no example`);
      for (const example of shown) {
        check(validator, schema, example, place);
        if (kind === "request") continue;
        const counted = { words: 0 };
        check(validator, schema, grown(document, content.schema, example, counted), `${place}, grown`);
        words += counted.words;
      }
    }
  }
  if (words === 0) wrong.push(`${basename(path)}: no word was found`);
}

for (const one of wrong) console.error(one);
console.log(`answers: ${checked} bodies are valid as examples and as they may grow, ${wrong.length} are not`);
process.exit(wrong.length === 0 ? 0 : 1);
