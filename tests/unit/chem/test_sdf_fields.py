"""An SDF that is read and written again: stereochemistry for other toolkits, and the fields of its owner."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molgen.chem import Molecule, read_molecules, write_molecules


def embedded(smiles: str) -> Molecule:
    """A molecule with coordinates that show what its SMILES says."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=1) == 0
    return Molecule.from_mol(mol)


@pytest.mark.parametrize(
    "smiles", ["C/C=C\\C", "C/C=C/C", "C/C=N/O", "C/C=C\\C=C\\C", "C[C@H](O)F", "C[N+](=O)[O-]", "c1ccccc1"]
)
def test_others_read_the_stereochemistry(smiles: str, tmp_path: Path) -> None:
    """RDKit as it is reads both sides of double bonds and hands, not that they may be either."""
    path = tmp_path / "one.sdf"
    write_molecules([embedded(smiles)], path)
    (read,) = Chem.SDMolSupplier(str(path))
    assert Chem.MolToSmiles(read) == Chem.CanonSmiles(smiles)


FIELDS = {
    "ID": "000123",
    "batch": "1.10",
    "count": "1E5",
    "long": "12345678901234567890",
    "fingerprint": "1" + "01" * 512,
    "notes": "first line\n  second line",
    "smiles": "C[C@H](O)F",
}


def test_an_imine_keeps_its_smiles(tmp_path: Path) -> None:
    """RDKit would keep the hydrogen that shows its side, and write it."""
    path = tmp_path / "one.sdf"
    write_molecules([embedded("[H]/N=C(/C)C1CC1")], path)
    (read,) = Chem.SDMolSupplier(str(path))
    assert Chem.MolToSmiles(read) == "CC(=N)C1CC1"


def test_fields_come_back_as_they_were(tmp_path: Path) -> None:
    """Identifiers are no numbers; of a SMILES that names this constitution the stereochemistry stays."""
    source = Chem.Mol(embedded("C[C@H](O)F").mol)
    for name, value in FIELDS.items():
        source.SetProp(name, value)
    first, second = tmp_path / "first.sdf", tmp_path / "second.sdf"
    with Chem.SDWriter(str(first)) as writer:
        writer.write(source)
    write_molecules(read_molecules(first), second)
    (read,) = Chem.SDMolSupplier(str(second))
    assert {name: read.GetProp(name) for name in FIELDS} == FIELDS


def test_a_smiles_of_something_else_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "one.sdf"
    for stated in ("CCO", "nonsense", "7"):
        molecule = embedded("CO")
        write_molecules([Molecule.from_mol(molecule.mol, {"smiles": stated})], path)
        (read,) = Chem.SDMolSupplier(str(path))
        assert read.GetProp("smiles") == "CO"


def test_no_field_and_no_title_ends_a_record(tmp_path: Path) -> None:
    path = tmp_path / "two.sdf"
    record = {"name": "$$$$", "notes": "before\n\n$$$$\nafter"}
    molecule = Molecule.from_mol(embedded("CO").mol, record)
    write_molecules([molecule, molecule], path)
    read = read_molecules(path)
    assert [m.smiles for m in read] == ["CO", "CO"]
    assert all(m.record["notes"] == "before\n $$$$\nafter" for m in read)


def test_numbers_that_are_written_just_so_are_numbers(tmp_path: Path) -> None:
    """Huge ones too, as Python has them; what a number would not give back stays a text."""
    path = tmp_path / "one.sdf"
    texts = ["7", "-1.5", "12345678901234567890", "007", "1.10", "1E5", "+3", "1_000", "nan", "inf", "1e400"]
    record: dict[str, str | float | int] = {f"field{n}": text for n, text in enumerate(texts)}
    write_molecules([Molecule.from_mol(embedded("CO").mol, record)], path)
    (read,) = read_molecules(path)
    expected = [7, -1.5, 12345678901234567890, *texts[3:]]
    assert [read.record[name] for name in record] == expected


def test_isotopes_stay_in_the_file(tmp_path: Path) -> None:
    """What refuses them must not write another molecule in their place."""
    path = tmp_path / "one.sdf"
    write_molecules([embedded("[13CH3]CO")], path)
    (read,) = Chem.SDMolSupplier(str(path))
    assert Chem.MolToSmiles(read) == "[13CH3]CO"
