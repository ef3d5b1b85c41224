// Measures @getodk/xforms-engine on the forms we measure ourselves on, and prints "name value unit" lines.
//
//   node peer.mjs FOLDER PART
//
// FOLDER holds wide.xml, roster.xml, register.xml, unindexed.xml and household.csv; PART is one of the functions below. The
// engine asks for a document object model; jsdom is the one its own tests run on.
import fs from 'node:fs';
import path from 'node:path';
import { JSDOM } from 'jsdom';

const [folder, part] = process.argv.slice(2);
const engine = await load();
const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');

async function load() {
	const { window } = new JSDOM('<!doctype html>', { url: 'http://localhost/' });
	for (const name of Object.getOwnPropertyNames(window)) {
		if (!(name in globalThis)) globalThis[name] = window[name];
	}
	globalThis.window = window;
	// Its WebAssembly loader takes Node for a place where modules know __dirname, which they do not: while it starts,
	// it is told that this is a browser. The first fetch is made before, for it asks for Node's version.
	await fetch('data:,');
	const real = Object.getOwnPropertyDescriptor(process, 'versions');
	Object.defineProperty(process, 'versions', { ...real, value: { ...process.versions, node: undefined } });
	const loaded = await import('@getodk/xforms-engine');
	Object.defineProperty(process, 'versions', real);
	return loaded;
}

// begin reads a form and begins a filling of it.
async function begin(xml) {
	const csv = async () => new Response(read('household.csv'), { headers: { 'content-type': 'text/csv' } });
	const form = await engine.loadForm(xml, { fetchFormAttachment: csv });
	if (form.status === 'failure') throw form.error;
	return form.createInstance().root;
}

const child = (node, name) => node.currentState.children.find((c) => c.currentState.reference.endsWith(`/${name}`));

const milliseconds = async (work) => {
	const start = performance.now();
	await work();
	return performance.now() - start;
};

function report(name, took) {
	took.sort((a, b) => a - b);
	const nanoseconds = (share) => Math.round(took[Math.min(took.length - 1, Math.floor(took.length * share))] * 1e6);
	console.log(`peer.${name} ${nanoseconds(0.5)} median-ns/op`);
	if (took.length >= 100) console.log(`peer.${name} ${nanoseconds(0.99)} p99-ns/op`);
}

// repeat measures work over and over, a number of times or until ten seconds have gone.
async function repeat(times, work) {
	const took = [];
	const until = performance.now() + 10_000;
	for (let i = 0; i < times && performance.now() < until; i++) took.push(await milliseconds(() => work(i)));
	return took;
}

// answer gives a question a value and looks at it, so that nothing is put off.
function answer(node, value) {
	node.setValue(value);
	return [node.currentState.value, node.root.validationState.violations.length];
}

const parts = {
	async Load1000() {
		const xml = read('wide.xml');
		report('Load1000', await repeat(7, () => begin(xml)));
	},
	async Answer1000() {
		const groups = (await begin(read('wide.xml'))).currentState.children.filter((c) => c.nodeType === 'group');
		const questions = groups.flatMap((group) => group.currentState.children);
		report('Answer1000', await repeat(2000, (i) => {
			const q = (i * 7) % 1000;
			answer(questions[q % 10 === 9 ? q - 1 : q], String(i % 50));
		}));
	},
	async Roster200x30() {
		const root = await begin(read('roster.xml'));
		const people = root.currentState.children.find((c) => c.nodeType === 'repeat-range:uncontrolled');
		people.addInstances(-1, 200 - people.currentState.children.length);
		const persons = people.currentState.children;
		if (persons.length !== 200) throw new Error(`${persons.length} people`);
		report('Roster200x30', await repeat(2000, (i) => {
			const questions = persons[(i * 31) % 200].currentState.children;
			answer(questions[[0, 2, 6, 8, 10][i % 5]], String(i % 90));
		}));
	},
	Filter100k: () => filter('Filter100k', 'register.xml', (i) => `v${i % 200}`),
	Filter100kUnindexed: () => filter('Filter100kUnindexed', 'unindexed.xml', (i) => `v1${i % 10}`),
};

async function filter(name, file, village) {
	const root = await begin(read(file));
	const [asks, offers] = [child(root, 'village'), child(root, 'household')];
	const drawn = (i) => {
		asks.setValue(village(i));
		const n = offers.currentState.valueOptions.length;
		if (n === 0) throw new Error('no choices');
	};
	report(`${name}/first`, [await milliseconds(() => drawn(7))]);
	report(`${name}/after`, await repeat(100, drawn));
}

await parts[part]();
