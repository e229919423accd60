"""All sections of `params/selfsup.yaml`: those of `config`, and those of pages that came later."""

from collections.abc import Collection, Sequence

from graspbook.core.configuration import configuration
from graspbook.selfsup import config
from graspbook.selfsup.cell_sections import (
    BANKS,
    FINE_BANKS,
    CalibratedConfig,
    CalibratedRowsConfig,
    FineConfig,
    FineLoopConfig,
    FineRobotsConfig,
    UnkindConfig,
    UpsetDialsConfig,
)
from graspbook.selfsup.control_sections import (
    AgainConfig,
    ConvergedConfig,
    KnownApartConfig,
    LuckConfig,
    MirrorsConfig,
    RepeatsConfig,
    SingleShareConfig,
)


@configuration
class Selfsup(config.Selfsup):
    """One field for each section of `params/selfsup.yaml`."""

    unkind: UnkindConfig
    calibrated: CalibratedConfig
    single_share: SingleShareConfig
    calibrated_rows: CalibratedRowsConfig
    repeats: RepeatsConfig
    luck: LuckConfig
    converged: ConvergedConfig
    again: AgainConfig
    fine: FineConfig
    fine_robots: FineRobotsConfig
    fine_loop: FineLoopConfig
    known_apart: KnownApartConfig
    mirrors: MirrorsConfig
    upset_dials: UpsetDialsConfig

    def __post_init__(self) -> None:
        super().__post_init__()
        most = max(model.labels for model in self.models.values()) + self.train.held_out
        for name in ("unkind", "calibrated", "fine"):
            there = getattr(self, name).n_train
            if most > there:
                raise ValueError(f"{name}.n_train is {there}, but the largest of the models needs {most} grasps")
        if max(self.single_share.singles) > self.segment.batch_size:
            raise ValueError(f"single_share.singles: expected at most segment.batch_size, {self.segment.batch_size}")
        if self.single_share.grasps > self.scenes.n_unlabelled:
            raise ValueError(f"single_share.grasps: expected at most scenes.n_unlabelled, {self.scenes.n_unlabelled}")
        self._check_rows_elsewhere("calibrated_rows", BANKS, but=("single", "inpaint"))
        self._check_rows_elsewhere("fine", FINE_BANKS)
        self._check_fine()
        self._check_repeats()
        self._check_luck()
        for name in self.known_apart.rows:
            if name not in self.rows or not self.rows[name].keep_weights:
                raise ValueError(f"known_apart.rows: expected names of section rows with keep_weights, got {name!r}")
        _check_names("mirrors.robots", self.mirrors.robots, "grasp_errors.robots", self.grasp_errors.robots)
        if self.again.seed == self.continual.seed:
            raise ValueError(f"again.seed: expected another than continual.seed, {self.continual.seed}")
        if len(self.continual.rounds) < 2:
            raise ValueError(
                "again: expected at least two rounds in continual.rounds, one to start from and one to learn in"
            )
        steps = self.converged.steps
        if list(steps) != sorted(set(steps)) or self.train.steps not in steps:
            raise ValueError(
                f"converged.steps: expected rising lengths with train.steps, {self.train.steps}, among them, "
                f"got {', '.join(map(str, steps))}"
            )
        if self.train.seed in self.converged.seeds:
            raise ValueError(f"converged.seeds: expected seeds other than train.seed, {self.train.seed}")

    def _check_rows_elsewhere(self, section: str, banks: Sequence[str], but: Sequence[str] = ()) -> None:
        there = getattr(self, section)
        _check_names(f"{section}.rows", there.rows, "section rows", self.rows)
        for name in there.rows:
            row = self.rows[name]
            if row.model != "mask2former" or row.bank not in banks or any(getattr(row, field) for field in but):
                raise ValueError(
                    f"{section}.rows: expected rows with model mask2former and bank {' or '.join(banks)}"
                    f"{', without ' if but else ''}{' and '.join(but)}, got {name}"
                )
            if row.labels > there.n_labelled:
                raise ValueError(f"{section}.n_labelled is {there.n_labelled}, but rows.{name}.labels is {row.labels}")
        bought = there.n_labelled - self.models["grasp-100"].labels
        if bought > there.n_unlabelled:
            raise ValueError(
                f"{section}.n_labelled asks for labels of {bought} unlabelled grasps, but "
                f"{section}.n_unlabelled is {there.n_unlabelled}"
            )

    def _check_fine(self) -> None:
        there = self.fine
        if there.height < max(self.world.height, self.network.height):
            raise ValueError(
                f"fine.height: expected at least world.height and network.height, {self.world.height} and "
                f"{self.network.height}, got {there.height}"
            )
        if there.n_realism >= there.n_unlabelled:
            raise ValueError(f"fine.n_realism: expected fewer than fine.n_unlabelled, {there.n_unlabelled}")
        if max(there.strengths) > 1:
            raise ValueError(f"fine.strengths: expected numbers above 0 and at most 1, got {max(there.strengths)}")
        rows = [self.rows[name] for name in there.rows]
        if not any(row.bank == "grasp-100" and not row.robust and not row.single for row in rows):
            raise ValueError(
                f"fine.rows: expected a row with bank grasp-100, without robust and single, got {', '.join(there.rows)}"
            )
        _check_names("fine_robots.rows", self.fine_robots.rows, "fine.rows", there.rows)
        start = self.fine_loop.start
        if start not in there.rows or self.rows[start].bank != "none":
            raise ValueError(f"fine_loop.start: expected one of fine.rows with bank none, got {start!r}")
        if self.rows[start].labels != self.continual.labels:
            raise ValueError(
                f"fine_loop.start: expected a row with the labels of continual, {self.continual.labels}, got {start}"
            )

    def _check_repeats(self) -> None:
        there = self.repeats
        for field, names in {"pasted": (there.pasted,), "alone": (there.alone,), "models": there.models}.items():
            for name in names:
                if name not in self.rows or self.rows[name].model != "mask2former":
                    raise ValueError(
                        f"repeats.{field}: expected a row of section rows with model mask2former, got {name!r}"
                    )
                if field == "models" and not self.rows[name].keep_weights:
                    raise ValueError(f"repeats.models: expected rows with keep_weights, got {name}")
        for field in ("pasted", "alone"):
            row = self.rows[getattr(there, field)]
            if (row.bank == "none") != (field == "alone") or row.single or row.robust or row.inpaint:
                kind = "no bank" if field == "alone" else "a bank"
                raise ValueError(
                    f"repeats.{field}: expected a row with {kind}, without single, robust and inpaint, got "
                    f"{getattr(there, field)}"
                )
        if max(there.max_objects, default=0) >= self.pasting.max_objects:
            raise ValueError(
                f"repeats.max_objects: expected fewer than pasting.max_objects, {self.pasting.max_objects}"
            )
        if max(there.steps, default=0) >= self.segment.steps:
            raise ValueError(f"repeats.steps: expected fewer than segment.steps, {self.segment.steps}")

    def _check_luck(self) -> None:
        there = self.luck
        for name in there.rows:
            if name not in self.rows or self.rows[name].model != "mask2former" or self.rows[name].single:
                raise ValueError(
                    f"luck.rows: expected rows of section rows with model mask2former, without single, got {name!r}"
                )
        if len({self.segment.seed, *there.seeds}) <= len(there.seeds):
            raise ValueError(
                f"luck.seeds: expected seeds that differ from each other and from segment.seed, {self.segment.seed}, "
                f"got {', '.join(map(str, there.seeds))}"
            )


def _check_names(field: str, names: Sequence[str], there: str, known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{field}: expected names of {there}, got {name!r}")
