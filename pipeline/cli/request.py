"""What `run`, `refresh` and `tune` are asked for, by options and the file of --config together."""

import dataclasses
import pathlib
import sys
import tempfile
from typing import TYPE_CHECKING

import click

from transform.datasets import MOVIELENS

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig, Settings
    from pipeline.presets import Preset
    from pipeline.presets.run_file import RunFile
    from pipeline.runs.progress import Lines
    from transform.definition import Definition

BESIDE_DATA = "definition.yaml"


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked for. Options win over the file, and the file over the preset."""

    preset: "Preset"
    """Where settings start from."""

    definition: "Definition"
    """The data set."""

    assumed: bool
    """Whether nothing said what the data set is, so that it is taken for MovieLens."""

    config: pathlib.Path | None
    """Path of the file, if one was named."""

    file: "RunFile"
    """What is in it."""

    texts: tuple[str, ...]
    """Changes of settings, as typed after `--set`."""

    data: str | None
    """Folder of the data or a pattern of folders, if one was named."""

    span: str
    """Which folder of the pattern."""

    as_of: str
    """Moment that the data is looked at from, ISO 8601; empty if none was stated."""

    output: pathlib.Path | None
    """Folder of everything, if one was named."""

    withdrawn: tuple[str, ...]
    """Ids of items that must not be recommended."""

    as_json: bool
    """Whether a program reads what is printed."""

    def settings(self, start: "Settings | None" = None, *sections: str) -> "Settings":
        """Returns the settings, those of the file and of `--set` applied.

        Args:
            start: Where they start from; by default the preset's.
            sections: Those of the file that count; by default all.

        Raises:
            ConfigurationError: One can't be.
        """
        from pipeline.settings import changes

        told = self.file.changes(*sections)
        filed = changes.apply(start or self.preset.settings, told, str(self.config or ""))
        return changes.apply(filed, changes.parse(self.texts))

    def check_sections(self, allowed: tuple[str, ...], why: str) -> None:
        """Checks that `--set` names settings of some sections only.

        Args:
            allowed: The sections.
            why: What is said of others.

        Raises:
            ConfigurationError: It names another.
        """
        from pipeline.settings import changes
        from pipeline.settings.errors import ConfigurationError

        changes.parse(self.texts)
        for text in self.texts:
            if text.split(".")[0] not in allowed:
                raise ConfigurationError(f"{text!r} {why}; it takes {', '.join(allowed)}.")

    def check_span(self) -> None:
        """Checks that a span is asked for only of data that was named.

        Raises:
            click.UsageError: A span is asked for, and no pattern of folders is given.
        """
        from components.ingestion import spans

        if self.data is None and self.span != spans.NEWEST:
            raise click.UsageError(
                f"Span {self.span} is asked for, but no --data '…/{{SPAN}}' is given."
            )

    def terminal(self) -> "Lines":
        """Returns what people look at: stdout, unless a program reads that."""
        from pipeline.runs.progress import Lines

        return Lines(sys.stderr if self.as_json else sys.stdout)

    def output_folder(self) -> pathlib.Path:
        """Returns the folder of everything, made if it is missing.

        Raises:
            ValueError: Files can't be written into it, or not be found there again; the message
                says why.
        """
        from pipeline.config import check_root

        own = self.preset.name if self.preset.dataset else self.definition.name
        folder = (self.output or pathlib.Path("runs") / own).absolute()
        check_root(str(folder))
        check_writable(folder)
        return folder

    def data_folder(self, output: pathlib.Path, terminal: "Lines") -> pathlib.Path:
        """Returns the folder of the data; MovieLens is fetched if none was named.

        Args:
            output: The folder of everything.
            terminal: What people look at.

        Raises:
            click.UsageError: None was named, and the data is no release that can be fetched.
            FetchError: No source gave the release.
        """
        from pipeline.datasets.fetch import fetch

        if self.data is not None:
            return pathlib.Path(self.data).absolute()
        if not self.preset.dataset or self.definition.name != MOVIELENS:
            raise click.UsageError(
                f"Say where the data of {self.definition.name!r} is: --data FOLDER."
            )
        home = output if self.output else output.parent
        dataset = self.preset.dataset
        return fetch(dataset, home / "data" / dataset, terminal.line)

    def pipeline_config(
        self, data: pathlib.Path, output: pathlib.Path, settings: "Settings", k: int = 100
    ) -> "PipelineConfig":
        """Returns the configuration of the graph.

        Args:
            data: Folder of the data, or a pattern of folders.
            output: Folder of everything.
            settings: What the graph does.
            k: Items in an answer.

        Raises:
            ConfigurationError: A value has no meaning.
            ValueError: The key to sign with can't be read: better known now than when all is done.
        """
        from pipeline.config import PipelineConfig, output_paths
        from pipeline.settings.validation import explained

        if settings.serving.signing_key_file:
            from components.registry import signature

            signature.read_private(settings.serving.signing_key_file)
        paths = output_paths(output, self.definition.name)
        with explained(PipelineConfig):
            return PipelineConfig(
                name=f"{self.definition.name}-{self.preset.name}",
                definition=self.definition,
                data=str(data),
                span=self.span,
                pipeline_root=str(paths["pipeline_root"]),
                serving_base=str(paths["serving_base"]),
                settings=settings,
                withdrawn=self.withdrawn,
                as_of=self.as_of,
                k=k,
            )


def find_definition(stated: pathlib.Path | None, data: str | None) -> "Definition | None":
    """Returns the definition of the data: as stated, or beside the files; None if there is none.

    Args:
        stated: File of the definition, if one was named.
        data: Folder of the files or a pattern of folders, if one was named.

    Raises:
        FileError: The file says what has no meaning.
    """
    from transform import definition_files

    beside = pathlib.Path(data or ".") / BESIDE_DATA
    if stated is None and data is not None and beside.is_file():
        stated = beside
    return definition_files.load(stated) if stated else None


def check_data(data: pathlib.Path, span: str, definition: "Definition", terminal: "Lines") -> None:
    """Looks at the data, and says what it is.

    Raises:
        ValueError: There is no such folder or span, or its files are in no layout that is known.
    """
    from components.ingestion import spans, tables

    folder = spans.find(str(data), span)
    files = tables.source_files(pathlib.Path(folder.path), definition)
    line = f"{folder.path}: {len(files)} files of {definition.shown}"
    terminal.line(line if folder.span is None else f"{line}, span {folder.span}")


def check_writable(folder: pathlib.Path) -> None:
    """Makes a folder, and checks that files can be written into it.

    Raises:
        ValueError: They can't; the message says why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"Can't write to the output folder {folder} ({error.strerror}); "
            "choose another with --output."
        ) from error
