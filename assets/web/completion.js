// Completions for the line that is being typed. Pure: text in, options out.

const matches = (texts, typed) => texts.some((text) => text.toLowerCase().includes(typed));

/**
 * Returns the completions of `text` up to the caret, `{from, eager, options: [{insert, label, hint, icon}]}`, or null. An
 * option replaces the text between `from` and the caret. If `eager`, Enter accepts the first one.
 */
export function complete(text, { models, commands }) {
  if (!text.startsWith("/") || text.includes("\n")) return null;
  const words = /^\/(\S*)$/.exec(text) ?? /^\/arena +(\S*)$/i.exec(text);
  if (words) return commandOptions(words[1].toLowerCase(), commands);
  const list = /^\/arena +(?:compare|blind) +(models=(?:[^\s,]*,)*)([^\s,]*)$/i.exec(text);
  if (list) return listOptions(text, list[1], list[2].toLowerCase(), models);
  const ask = /^\/arena +ask +(.*)$/i.exec(text);
  if (ask) return modelOptions(text, ask[1], models);
  const history = /^\/arena +history +(\S*)$/i.exec(text);
  if (history) return modelOptions(text, history[1], models);
  const compare = /^\/arena +(?:compare|blind) +(\S+)$/i.exec(text);
  if (compare && "models=".startsWith(compare[1].toLowerCase())) {
    const option = {
      insert: "models=",
      label: "models=",
      hint: "race only these models, for example models=a,b",
      icon: "⚔️",
    };
    return { from: text.length - compare[1].length, eager: false, options: [option] };
  }
  return null;
}

function commandOptions(typed, commands) {
  const bare = "arena".startsWith(typed) ? "" : typed;
  const fits = commands.filter(({ word }) => bare === "" || word.startsWith(bare));
  const found = fits.length > 0 ? fits : commands.filter(({ word }) => word.includes(bare));
  const needsMore = (word) => ["ask", "compare", "blind"].includes(word);
  if (found.length === 0 || (found.length === 1 && found[0].word === typed && !needsMore(typed))) return null;
  const option = ({ word, what }) => ({
    insert: `/arena ${word}${needsMore(word) ? " " : ""}`,
    label: `/arena ${word}`,
    hint: what,
    icon: "⚔️",
  });
  return { from: 0, eager: true, options: found.map(option) };
}

const modelOption = (model, insert) => ({
  insert,
  label: model.name,
  hint: [model.size, model.best_for].filter(Boolean).join(" · "),
  icon: model.icon,
  color: model.color,
});

function modelOptions(text, rest, models) {
  const typed = rest.toLowerCase();
  if (models.some(({ id, name }) => [id, name].some((word) => typed.startsWith(`${word.toLowerCase()} `))))
    return null;
  const found = models.filter(
    (model) => typed === "" || matches([model.id, model.name, model.best_for, model.icon], typed.trim()),
  );
  if (found.length === 0) return null;
  return {
    from: text.length - rest.length,
    eager: true,
    options: found.map((model) => modelOption(model, `${model.id} `)),
  };
}

function listOptions(text, named, typed, models) {
  const taken = named.slice("models=".length).toLowerCase().split(",");
  const free = models.filter(({ id }) => !taken.includes(id.toLowerCase()));
  const found = free.filter(
    (model) => typed === "" || matches([model.id, model.name, model.best_for], typed),
  );
  const done = found.length === 0 || found.some(({ id }) => id.toLowerCase() === typed);
  if (done) return null;
  return {
    from: text.length - typed.length,
    eager: true,
    options: found.map((model) => modelOption(model, model.id)),
  };
}
