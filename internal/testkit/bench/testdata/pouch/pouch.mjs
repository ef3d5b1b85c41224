// Hands records and photos over from one PouchDB to another by HTTP, and prints "name value unit" lines.
//
//   node pouch.mjs server FOLDER PORT
//   node pouch.mjs client FOLDER PORT RECORDS
//
// RECORDS is a file of one record a line, {"fields": …, "photo": FILE or ""}. The client says "ready" once all of it is in its
// own database and waits for a line before it hands over. Every write of either database reaches the disk before it counts:
// leveldb is asked to sync each, which PouchDB by itself does not.
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const require = createRequire(import.meta.url);
const PouchDB = require('pouchdb');
const leveldown = require('leveldown');
const [role, folder, port, records] = process.argv.slice(2);

function durable(location) {
	const db = leveldown(location);
	for (const method of ['_batch', '_put', '_del']) {
		const plain = db[method];
		db[method] = function (...args) {
			const at = args.length - 2;
			args[at] = { ...args[at], sync: true };
			return plain.apply(this, args);
		};
	}
	return db;
}

const Durable = PouchDB.defaults({ prefix: path.join(folder, path.sep), db: durable });

async function serve() {
	const app = require('express')();
	app.use(require('express-pouchdb')(Durable, {
		mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: path.join(folder, 'log.txt'),
	}));
	await new Promise((listening) => http.createServer(app).listen(Number(port), '127.0.0.1', listening));
	console.log('ready');
}

// fill puts the records into one database and the photos, with the record they go with, into another.
async function fill() {
	const text = new Durable('text'), photos = new Durable('photos');
	const docs = fs.readFileSync(records, 'utf8').trimEnd().split('\n').map((line, i) => ({ _id: String(i).padStart(6, '0'), ...JSON.parse(line) }));
	for (let i = 0; i < docs.length; i += 500) await text.bulkDocs(docs.slice(i, i + 500));
	for (const { _id, photo } of docs.filter((doc) => doc.photo)) {
		await photos.put({ _id, _attachments: { '1.jpg': { content_type: 'image/jpeg', data: fs.readFileSync(photo) } } });
	}
	return { text, photos };
}

async function handOver(name, db, batch) {
	const begun = process.hrtime.bigint();
	const result = await db.replicate.to(`http://127.0.0.1:${port}/${name}`, { batch_size: batch });
	const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
	if (!result.ok || result.doc_write_failures > 0) throw new Error(JSON.stringify(result.errors));
	console.log(`${name} ${result.docs_written} ${seconds}`);
}

async function deliver() {
	const { text, photos } = await fill();
	globalThis.gc();
	console.log('ready');
	const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
	await lines.next();
	await handOver('text', text, 500);
	await handOver('photos', photos, 20);
	console.log('done');
	await lines.next();
	process.exit(0);
}

await (role === 'server' ? serve() : deliver());
