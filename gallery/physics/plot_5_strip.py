r"""
How far does a wave spread along a disordered strip?
====================================================

In a clean crystal an electron's wave runs on for ever. Disorder scatters it, and the scattered
waves interfere. In a thin wire they cancel each other until the wave dies out, however weak the
disorder is. How far does it get, and does it help to give it more room?

**What this assumes.** Nothing of quantum mechanics beyond the equation below. Lengths are counted
in sites, energies in units of the *hopping*, the strength with which an electron passes from one
site to the next. The *Lyapunov exponents* of a product of random matrices are the growth rates of
its singular values, as on :ref:`the page on spectra <sphx_glr_gallery_physics_plot_1_spectrum.py>`;
a strip of one site is :ref:`a chain <sphx_glr_gallery_physics_plot_4_anderson.py>`.
"""

# %%
# A wave, slice by slice
# ----------------------
#
# The sites of a strip are cut into slices of :math:`M` sites each, and the vector :math:`\psi_t`
# holds the wave's amplitudes on slice :math:`t`. Electrons hop to neighbouring sites, and every
# site has a random energy, uniform between :math:`-W/2` and :math:`W/2`: the *Anderson model* with
# disorder :math:`W` :cite:p:`Anderson1958`. At the energy :math:`E` a wave obeys
#
# .. math:: \psi_{t+1} = (E - H_\perp - V_t)\,\psi_t - \psi_{t-1},
#
# with the hopping :math:`H_\perp` within a slice, a matrix with a 1 for each pair of neighbours,
# and the diagonal matrix :math:`V_t` of the random energies of its sites. So one matrix takes the
# pair :math:`(\psi_t, \psi_{t-1})` to :math:`(\psi_{t+1}, \psi_t)`, and the wave further down the
# strip is a product of random :math:`2M \times 2M` matrices: :class:`stabsim.AndersonTransfer`.
#
# The exponents of such a product come in pairs of both signs. A wave that fits to what lies ahead
# is made of the shrinking directions, and the one that shrinks slowest reaches farthest. The
# *localization length* :math:`\xi` is the inverse of the smallest positive exponent: over so many
# slices the wave loses a factor e.
#
# Is the simulation right? With random energies of a Cauchy law (Lloyd's model
# :cite:p:`Lloyd1969`), the sum of the positive exponents is known exactly: Cauchy averages replace
# the energy by a complex number, and the strip falls apart into :math:`M` chains.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

lloyd = stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy", width=6)
spectrum = stabsim.lyapunov_spectrum(lloyd, steps=10_000, trials=16, rng=1)
chains = lloyd.energy - np.linalg.eigvalsh(lloyd.transverse)
exact = np.mean([theory.lloyd_exponent(energy, lloyd.disorder) for energy in chains])
positive = spectrum.exponents[: lloyd.sites]
error = np.sqrt(spectrum.covariance[:6, :6].sum() / (spectrum.trials * spectrum.steps)) / 6
figure, axes = plt.subplots()
spectrum.plot(axes)
axes.hlines(
    [exact, -exact], [1, 7], [6, 12], color="#D55E00", linestyle="--", label="exact mean of six"
)
axes.set_title("strip of 6 sites, Cauchy disorder of half-width 1")
axes.legend()
figure.suptitle("The exponents of a strip come in pairs of both signs")
plt.show()
print(f"mean of the positive exponents {positive.mean():.4f} ± {error:.4f}, exactly {exact:.4f}")

# %%
# The seventh exponent is the sixth with the other sign, and so on. Their mean agrees with the
# exact one, and the sixth is the inverse of the length that we look for.
#
# Wider strips
# ------------
#
# For strips of several widths, rolled up to tubes so that they have no edges,
# :func:`stabsim.finite_size_scaling` estimates the length at several strengths of the disorder.
# What matters is the *reduced length* :math:`\Lambda = \xi / M`. If :math:`\Lambda` falls as the
# strip widens, waves find an end within the width itself: in an infinitely wide sheet they are
# localized too.

disorder = [4.0, 5.0, 6.0, 8.0, 10.0]
sheets = stabsim.finite_size_scaling(0.0, disorder, [3, 6, 12], steps=1500, trials=16, rng=1)
axes = sheets.plot()
axes.figure.suptitle("The wider the strip, the shorter the reduced length")
plt.show()

# %%
# The lines lie one below another at every disorder shown. There is no strength of disorder at which
# waves begin to run free in a sheet, only lengths that become too large to see
# :cite:p:`Abrahams1979`.
#
# Bars
# ----
#
# A bar has a square of :math:`M \times M` sites in each slice, and an infinitely thick bar is a
# solid.

strengths = [8.0, 12.0, 16.5, 20.0, 25.0]
solids = stabsim.finite_size_scaling(
    0.0, strengths, [3, 4], dimension=3, steps=2000, trials=16, rng=1
)
axes = solids.plot()
axes.axvline(16.54, color="#595959", linestyle=":", linewidth=1.5)
axes.annotate("published transition", (16.8, solids.reduced.max()), color="#595959", va="top")
axes.legend(title="sites across", loc="lower left")
axes.figure.suptitle("In a solid the lines cross at a transition")
plt.show()

# %%
# Below a disorder of about 16.5 the thicker bar has the larger reduced length: in a solid, waves
# spread without end, and it conducts. Above, it is the other way round. In between the reduced
# length does not depend on the thickness, and that is the transition between a metal and an
# insulator. Two small bars see it roughly; large ones place it at 16.54
# :cite:p:`SlevinOhtsuki2014`, the dotted line.

contrast = np.log(solids.reduced[1] / solids.reduced[0])
its_error = np.hypot(*(solids.reduced_se / solids.reduced))
last = int(np.flatnonzero(contrast > 0.0)[-1])
share = contrast[last] / (contrast[last] - contrast[last + 1])
interval = strengths[last + 1] - strengths[last]
crossing = strengths[last] + share * interval
crossing_error = np.hypot((1 - share) * its_error[last], share * its_error[last + 1])
crossing_error *= interval / (contrast[last] - contrast[last + 1])
print(
    f"A wave in a tube of 12 sites spreads over {sheets.length[2, 0]:.1f} ± "
    f"{sheets.standard_error[2, 0]:.1f} sites at the disorder {disorder[0]:g} and over "
    f"{sheets.length[2, -1]:.2f} ± {sheets.standard_error[2, -1]:.2f} at {disorder[-1]:g}; the "
    f"reduced lengths of bars of 3×3 and 4×4 sites cross at W = {crossing:.1f} ± "
    f"{crossing_error:.1f}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Does it help to give a wave more room? Take strips with edges, of 1, 2, 4, 8 and
# 16 sites, at the disorder 4.
#
# **Answer.** It does, as there are more ways around an obstacle. But the length grows less than the
# width: measured in widths, the wave gets ever less far.

for width in (1, 2, 4, 8, 16):
    strip = stabsim.AndersonTransfer(0.0, 4.0, width=width)
    reach = stabsim.localization_length(strip, steps=2000, trials=16, rng=2)
    print(
        f"{width:>2} sites across: length {reach.length:5.2f} ± {reach.standard_error:.2f}, "
        f"{reach.reduced:.2f} widths"
    )

# %%
# **Exercise 2.** How many kinds of waves run along a *clean* strip of 6 sites at :math:`E = 3`, and
# what does the weak disorder :math:`W = 1` make of them?
#
# **Answer.** Without disorder the strip falls apart into 6 channels, one for each eigenvalue
# :math:`\varepsilon` of :math:`H_\perp`. A channel is a clean chain at the energy :math:`E -
# \varepsilon`, in which waves run if that is between -2 and 2; else they decay, at the rate
# :math:`\operatorname{arcosh}(\lvert E - \varepsilon\rvert/2)`. Here 2 channels are open. Disorder
# closes them as well, but slowly; the 4 others hardly notice it.

clean = theory.lyapunov_spectrum(stabsim.AndersonTransfer(3.0, 0.0, width=6))
rough = stabsim.localization_length(
    stabsim.AndersonTransfer(3.0, 1.0, width=6), steps=10_000, trials=16, rng=3
)
for i in range(6):
    print(
        f"{i + 1}: clean {clean.exponents[i]:.4f}, with disorder "
        f"{rough.spectrum.exponents[i]:.4f} ± {rough.spectrum.standard_error[i]:.4f}"
    )

# %%
# **Exercise 3.** How many slices does it take to know the length of a tube of 12 sites at the
# disorder 6 to 1 %?
#
# **Answer.** A piece of the strip as long as :math:`\xi` is about one independent measurement, with
# an error of the size of :math:`\xi` itself. So :math:`N` slices in all have a relative error of
# about :math:`\sqrt{\xi/N}`, and 1 % takes some :math:`10^4\,\xi`.

rough_length = float(sheets.length[2, disorder.index(6.0)])
slices = int(1e4 * rough_length)
tube = stabsim.AndersonTransfer(0.0, 6.0, width=12, edges="periodic")
sure = stabsim.localization_length(tube, steps=slices // 16, trials=16, rng=4)
print(
    f"{slices} slices for a length near {rough_length:.1f}: {sure.length:.2f} ± "
    f"{sure.standard_error:.2f}, an error of {sure.standard_error / sure.length:.1%}"
)

# %%
# Read on
# -------
#
# Waves on a single chain, with their exact laws, are :ref:`the page before
# <sphx_glr_gallery_physics_plot_4_anderson.py>`; :ref:`why the average product is so unlike a
# typical one <sphx_glr_gallery_physics_plot_6_moment_exponents.py>` is the next.
# :func:`stabsim.localization_length` and :func:`stabsim.finite_size_scaling` do the estimates,
# :class:`stabsim.AndersonTransfer` has the other shapes and laws of disorder, and :doc:`the theory
# of spectra </spectra_theory>` the method behind them.
