// Who sits here: a random id that tells browsers apart, and a name that others see.

const ADJECTIVES = ["Swift", "Calm", "Bright", "Bold", "Quiet", "Lucky", "Clever", "Merry", "Brave", "Witty"];
const ANIMALS = ["Otter", "Falcon", "Lynx", "Heron", "Fox", "Badger", "Robin", "Hare", "Marten", "Owl"];

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a value for the next visit, where the browser lets us. */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is blocked: it holds until the page is closed.
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

const visitor = { id: read("arena.id") ?? newId(), name: read("arena.name") ?? guestName() };
keep("arena.id", visitor.id);
keep("arena.name", visitor.name);

/** As the service wants it with every request. */
export const from = () => ({ ...visitor });

/** Changes the name; an empty one changes nothing. */
export function rename(name) {
  const line = name.replace(/\s+/g, " ").trim().slice(0, 40);
  if (line === "") return;
  visitor.name = line;
  keep("arena.name", line);
}
