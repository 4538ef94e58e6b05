"""Measures streams with this project and with guidellm, beside the truth of the server's own log.

    python3 benches/peers/compare.py LLM_ARENA GUIDELLM [ROUNDS]

LLM_ARENA is a release binary, GUIDELLM the command of `pip install guidellm==0.8.1`. With ARENA_LLAMA_SERVER and
ARENA_LLAMA_MODEL set (`eval "$(.ci/llama)"`), an answer in a JSON schema of real llama.cpp is measured as well, through
a proxy that logs when the request and the first content pass; the truth of its speed is what llama.cpp reports.
"""
import json, os, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request
from pathlib import Path

from server import SCRIPTS

ARENA, GUIDELLM, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5
HERE, WORK = Path(__file__).resolve().parent, Path(tempfile.mkdtemp(prefix="peers-"))
ENV = {**{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}, "HF_HUB_OFFLINE": "1"}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "city", "schema": {"type": "object", "properties": {
    "name": {"type": "string"}, "country": {"type": "string"}, "facts": {"type": "array", "items": {"type": "string"}, "minItems": 8}},
    "required": ["name", "country", "facts"]}}}
PROMPT = "Tell me about Paris."


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def arena(port, model, extra=""):
    config = WORK / "arena.toml"
    config.write_text(f'[http]\nlisten = "127.0.0.1:{free_port()}"\n[[provider]]\nid = "p"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
                      f'[[model]]\nid = "m"\nprovider = "p"\nmodel = "{model}"\nmax_tokens = 160\ntemperature = 0\n{extra}')
    lanes = []
    for _ in range(ROUNDS):
        out = subprocess.run([ARENA, "--config", str(config), "ask", "--model", "m", "--json", PROMPT], capture_output=True, text=True, env=ENV)
        lane = json.loads(out.stdout)["lanes"][0]
        lanes.append((lane["ttft_ms"], lane["tokens_per_second"], lane["server_tokens_per_second"]))
    return lanes


def guidellm(port, model, extras=None):
    prompts = WORK / "prompts.jsonl"
    prompts.write_text((json.dumps({"prompt": PROMPT}) + "\n") * (ROUNDS + 2))
    backend = {"kind": "openai_http", "target": f"http://127.0.0.1:{port}", "model": model}
    if extras:
        backend["extras"] = {"body": extras}
    subprocess.run([GUIDELLM, "run", "--backend", json.dumps(backend), "--profile", "kind=synchronous",
                    "--constraint", f"kind=max_requests,count={ROUNDS}", "--data", f"kind=json_file,path={prompts}",
                    "--output", f"kind=json,path={WORK / 'out.json'}", "--disable-console"], check=True, env=ENV, capture_output=True)
    done = json.loads((WORK / "out.json").read_text())["benchmarks"][0]["requests"]["successful"]
    return [(r["time_to_first_token_ms"], 1000 / r["inter_token_latency_ms"] if r["inter_token_latency_ms"] else None, None) for r in done]


def scripted_truth(entries):
    for e in entries:
        (first, at_once), (last, _) = e["writes"][0], e["writes"][-1]
        yield (first - e["arrived"]) * 1e3, (sum(n for _, n in e["writes"]) - at_once) / (last - first)


def row(name, tool, measured, truth):
    first = statistics.median(m[0] - t[0] for m, t in zip(measured, truth))
    speeds = [(m[1] / t[1] - 1) * 100 for m, t in zip(measured, truth) if m[1]]
    speed = f"{statistics.median(speeds):+8.2f} %" if speeds else "    none  "
    print(f"{name:<14} {tool:<10} first token {first:+8.2f} ms   speed {speed}", flush=True)


def scripted():
    port, log = free_port(), WORK / "truth.jsonl"
    server = subprocess.Popen([sys.executable, str(HERE / "server.py"), str(port), str(log)])
    try:
        time.sleep(0.5)
        for name in SCRIPTS:
            for tool, run in (("llm-arena", arena), ("guidellm", guidellm)):
                before = len(log.read_text().splitlines())
                measured = run(port, name)
                entries = [json.loads(line) for line in log.read_text().splitlines()[before:]]
                row(name, tool, measured, list(scripted_truth(entries)))
    finally:
        server.terminate()


class Proxy:
    """Passes connections on and logs, for each request, the time to the first content and llama.cpp's own speed."""

    def __init__(self, target):
        self.target, self.truth = target, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        upstream = socket.create_connection(("127.0.0.1", self.target))
        for s in (client, upstream):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = {"sent": None, "first": None, "tail": b""}
        threading.Thread(target=self.back, args=(upstream, client, state), daemon=True).start()
        while data := client.recv(65536):
            if b"POST " in data:
                state.update(sent=time.perf_counter(), first=None, tail=b"")
            upstream.sendall(data)
        upstream.close()

    def back(self, upstream, client, state):
        try:
            while data := upstream.recv(65536):
                now = time.perf_counter()
                if state["sent"] and not state["first"] and b'"content":"' in data.replace(b'"content":""', b""):
                    state["first"] = now
                state["tail"] = (state["tail"] + data)[-8192:]
                if state["first"] and b"[DONE]" in state["tail"]:
                    speed = state["tail"].rsplit(b'"predicted_per_second":', 1)[1]
                    self.truth.append(((state["first"] - state["sent"]) * 1e3, float(speed.split(b",")[0].split(b"}")[0])))
                    state.update(sent=None, first=None, tail=b"")
                client.sendall(data)
        except OSError:
            pass


def llama():
    server, model = os.environ.get("ARENA_LLAMA_SERVER"), os.environ.get("ARENA_LLAMA_MODEL")
    if not server:
        return print("json schema: left out, ARENA_LLAMA_SERVER is not set")
    port = free_port()
    env = {**ENV, "LD_LIBRARY_PATH": str(Path(server).parent)}
    process = subprocess.Popen([server, "-m", model, "--host", "127.0.0.1", "--port", str(port), "-c", "2048", "-np", "1"],
                               env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(120):
            try:
                opener.open(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        proxy = Proxy(port)
        extra = "[model.extra]\n" + f"response_format = {toml(SCHEMA)}\ncache_prompt = false\n"
        body = {"response_format": SCHEMA, "max_tokens": 160, "temperature": 0, "cache_prompt": False}
        for tool, run in (("llm-arena", lambda: arena(proxy.port, "smollm2", extra)), ("guidellm", lambda: guidellm(proxy.port, "smollm2", body))):
            proxy.truth.clear()
            measured = run()
            row("json schema", tool, measured, proxy.truth[-len(measured):])
    finally:
        process.terminate()


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


if __name__ == "__main__":
    scripted()
    llama()
