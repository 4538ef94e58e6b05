//! The time that the pacer takes per edit. It must be negligible, since the pacer decides on every edit.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use llm_arena::{live::pacer::Pacer, race::event::Elapsed};

const PACE: Duration = Duration::from_secs(1);

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pacer");
    group.measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    let mut pacer = Pacer::new(PACE);
    group.bench_function("an edit", |bencher| {
        bencher.iter(|| {
            pacer.set_interval(black_box(PACE));
            let slot = pacer.next_slot();
            pacer.sent(slot);
            slot
        });
    });
    group.bench_function("an edit that is limited, one that fails, one that lands", |bencher| {
        bencher.iter(|| {
            let mut pacer = Pacer::new(black_box(PACE));
            pacer.limited(Elapsed::from_millis(100), black_box(PACE));
            pacer.failed(pacer.next_slot());
            pacer.sent(pacer.next_slot());
            pacer.next_slot()
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
