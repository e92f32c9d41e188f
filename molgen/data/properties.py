"""The twelve targets of QM9, with their units (Ramakrishnan et al. 2014, table 3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PropertySpec:
    """One property of a molecule.

    Attributes:
        column: Column of the source table.
        unit: Unit of the stored value.
        meaning: One line for humans.
    """

    column: str
    unit: str
    meaning: str


PROPERTIES: dict[str, PropertySpec] = {
    "mu": PropertySpec("Dipole_debye", "debye", "dipole moment"),
    "alpha": PropertySpec("Polarizability_bohr3", "bohr^3", "isotropic polarisability"),
    "homo": PropertySpec("HOMO_au", "hartree", "energy of the highest occupied orbital"),
    "lumo": PropertySpec("LUMO_au", "hartree", "energy of the lowest unoccupied orbital"),
    "gap": PropertySpec("HOMO_LUMO_gap_au", "hartree", "difference of LUMO and HOMO energies"),
    "r2": PropertySpec("R2_bohr2", "bohr^2", "electronic spatial extent"),
    "zpve": PropertySpec("ZPVE_au", "hartree", "zero-point vibrational energy"),
    "u0": PropertySpec("InternalEnergy_0K_au", "hartree", "internal energy at 0 K"),
    "u298": PropertySpec("InternalEnergy_298K_au", "hartree", "internal energy at 298.15 K"),
    "h298": PropertySpec("Enthalphy_298K_au", "hartree", "enthalpy at 298.15 K"),
    "g298": PropertySpec("GibbsFreeEnergy_298K_au", "hartree", "free energy at 298.15 K"),
    "cv": PropertySpec(
        "Heatcapacity_Cv_cal_mol_K", "cal/(mol K)", "heat capacity at constant volume, 298.15 K"
    ),
}
