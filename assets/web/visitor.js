// The visitor: a random id that tells browsers apart, and a name that others see.

const ADJECTIVES = ["Swift", "Calm", "Bright", "Bold", "Quiet", "Lucky", "Clever", "Merry", "Brave", "Witty"];
const ANIMALS = ["Otter", "Falcon", "Lynx", "Heron", "Fox", "Badger", "Robin", "Hare", "Marten", "Owl"];

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Saves a value for the next visit, if the browser allows it. */
export function save(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage may be blocked; the value lasts until the page is closed.
  }
}

const random = (n) => crypto.getRandomValues(new Uint32Array(n));

function newId() {
  return Array.from(random(4), (part) => part.toString(16).padStart(8, "0")).join("");
}

function guestName() {
  const [a, b] = random(2);
  return `${ADJECTIVES[a % ADJECTIVES.length]} ${ANIMALS[b % ANIMALS.length]}`;
}

const current = { id: read("arena.id") ?? newId(), name: read("arena.name") ?? guestName() };
save("arena.id", current.id);
save("arena.name", current.name);

/** The visitor as requests name them. */
export const visitor = () => ({ ...current });

/** The number of ballots that are remembered. */
const MAX_BALLOTS = 30;

function readBallots() {
  try {
    const ballots = JSON.parse(read("arena.ballots") ?? "[]");
    return new Map(Array.isArray(ballots) ? ballots : []);
  } catch {
    return new Map();
  }
}

const ballots = readBallots();

/** The ballot that this browser cast on a race: `{best, second, whole}`, or null. The service tells no one. */
export const ballotOf = (race) => ballots.get(race) ?? null;

/** Remembers a ballot. */
export function keepBallot(race, ballot) {
  ballots.delete(race);
  ballots.set(race, ballot);
  save("arena.ballots", JSON.stringify([...ballots].slice(-MAX_BALLOTS)));
}

let owner = null;

/** Takes the tag that messages of this visitor carry. */
export function identify(tag) {
  owner = tag;
}

/** Returns true if this visitor started `race`. */
export const owns = (race) => owner !== null && race.owner === owner;

/** Changes the name; an empty one changes nothing. */
export function rename(name) {
  const line = name.replace(/\s+/g, " ").trim().slice(0, 40);
  if (line === "") return;
  current.name = line;
  save("arena.name", line);
}
